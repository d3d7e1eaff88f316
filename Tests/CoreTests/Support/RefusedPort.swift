import Glibc

/// A port of loopback that refuses connections, and that nobody else gets until it is closed.
struct RefusedPort: Sendable {
    let port: UInt16
    private let descriptor: Int32

    init() throws { (descriptor, port) = try LoopbackSocket.make() }

    var url: String { "http://127.0.0.1:\(port)" }

    func close() { _ = Glibc.close(descriptor) }
}
