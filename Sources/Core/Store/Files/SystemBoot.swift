import Glibc

/// The running boot of the system.
enum SystemBoot {
    /// The kernel's random id of this boot (random(4)); a fixed word where `/proc` is not mounted.
    static let id: String = {
        let descriptor = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "unknown" }
        defer { close(descriptor) }
        let bytes = [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
            count = max(0, read(descriptor, buffer.baseAddress, 36))
        }
        return String(decoding: bytes, as: UTF8.self)
    }()
}
