import Glibc

@testable import Core

/// A TCP server on loopback that runs a test's script for each connection, on a thread of its own.
///
/// A script may block: reads end by themselves after twenty seconds. The connection is closed when it returns.
final class RawServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let accepted: Counter

    /// How many connections have come so far.
    var connections: Int { accepted.value }
    var url: String { "http://127.0.0.1:\(port)" }

    init(_ script: @escaping @Sendable (RawConnection) -> Void) throws {
        let (socket, port) = try LoopbackSocket.make()
        guard listen(socket, 1024) == 0 else { throw LoopbackSocket.Failure(number: errno) }
        let accepted = Counter()
        self.port = port
        self.accepted = accepted
        listener = socket
        startThread {
            while true {
                let peer = accept(socket, nil, nil)
                if peer < 0 {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    break
                }
                let connection = RawConnection(peer, number: accepted.increment())
                startThread {
                    script(connection)
                    connection.close()
                }
            }
            close(socket)
        }
    }

    /// Ends the accepting thread; connections end with their scripts.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }
}
