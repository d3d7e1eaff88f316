@testable import Core

/// A SOCKS5 proxy (RFC 1928 and 1929) that answers HTTP requests itself and tells who asked it for which host.
///
/// Requests are answered with its name, the user, the target and the number of the connection.
final class SOCKSProxy: Sendable {
    private let server: RawServer

    init(name: String, refuses: Bool = false) throws {
        server = try RawServer { connection in
            guard let user = Self.greet(connection), let target = Self.target(connection) else { return }
            connection.write([5, refuses ? 5 : 0, 0, 1, 0, 0, 0, 0, 0, 0])
            guard !refuses else { return }
            while connection.readRequest() != nil {
                connection.answer("\(name), \(user), \(target), connection \(connection.number)")
            }
        }
    }

    /// - Parameter user: `user:password`, percent-encoded.
    func url(user: String? = nil) -> String { "socks5h://\(user.map { "\($0)@" } ?? "")127.0.0.1:\(server.port)" }

    func stop() { server.stop() }

    /// Agrees on a method and gives `user:password`, empty where the client offers none.
    private static func greet(_ connection: RawConnection) -> String? {
        guard let count = connection.read(2)?.last, let methods = connection.read(Int(count)) else { return nil }
        guard methods.contains(2) else {
            connection.write([5, 0])
            return ""
        }
        connection.write([5, 2])
        guard let userLength = connection.read(2)?.last, let user = connection.read(Int(userLength)),
            let length = connection.read(1)?.last, let password = connection.read(Int(length))
        else { return nil }
        connection.write([1, 0])
        return String(decoding: user + [UInt8(ascii: ":")] + password, as: UTF8.self)
    }

    /// The host and port of a CONNECT request by name.
    private static func target(_ connection: RawConnection) -> String? {
        guard let head = connection.read(4), head[1] == 1, head[3] == 3, let length = connection.read(1)?.last,
            let host = connection.read(Int(length)), let port = connection.read(2)
        else { return nil }
        return "\(String(decoding: host, as: UTF8.self)):\(Int(port[0]) << 8 | Int(port[1]))"
    }
}
