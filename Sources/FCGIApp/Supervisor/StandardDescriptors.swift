import Glibc

/// The descriptors 0, 1 and 2.
enum StandardDescriptors {
    /// Opens those that are closed, so that no socket gets their number and log lines as its content.
    static func fill() {
        while true {
            let descriptor = open("/dev/null", O_RDWR)
            guard descriptor < 0 || descriptor > 2 else { continue }
            if descriptor > 2 { close(descriptor) }
            return
        }
    }
}
