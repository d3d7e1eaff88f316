import Glibc

/// Sockets of 127.0.0.1 with a port that the kernel chose.
enum LoopbackSocket {
    struct Failure: Error { var number: Int32 }

    /// A bound socket that does not listen: connecting to its port is refused as long as it is open.
    static func make() throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(number: errno) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
            }
        }
        guard status == 0 else {
            let number = errno
            close(descriptor)
            throw Failure(number: number)
        }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }
}
