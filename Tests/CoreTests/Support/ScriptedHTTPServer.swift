import Glibc
import Synchronization

@testable import Core

/// A server on loopback that answers each request as a test says, byte for byte, or falls silent.
///
/// One connection at a time is read to the end of its request; it ends with its last use.
final class ScriptedHTTPServer: Sendable {
    enum Ending: Sendable {
        case close
        /// Says nothing more until the other side gives up.
        case silence
    }

    struct Answer: Sendable {
        var bytes: [UInt8]
        var ending: Ending

        /// A head for a body that lasts until the connection closes, then the body's beginning.
        static func stream(_ body: [UInt8], ending: Ending = .close) -> Answer {
            Answer(
                bytes: Array("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n".utf8)
                    + body, ending: ending)
        }

        static func json(_ value: JSON, status: Int = 200) -> Answer {
            let body = value.bytes
            let head =
                "HTTP/1.1 \(status) X\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n"
                + "Connection: close\r\n\r\n"
            return Answer(bytes: Array(head.utf8) + body, ending: .close)
        }
    }

    private let descriptor: Int32
    let port: UInt16
    private let seen = Mutex<[String]>([])

    /// - Parameter answer: Gets the request's whole text.
    init(_ answer: @escaping @Sendable (String) -> Answer) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = bind(descriptor, address, length)
                _ = getsockname(descriptor, address, &length)
            }
        }
        _ = listen(descriptor, 16)
        self.descriptor = descriptor
        port = UInt16(bigEndian: address.sin_port)
        startThread { [weak self] in
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { return }
                let request = Self.request(from: connection)
                self?.seen.withLock { $0.append(request) }
                let answer = answer(request)
                _ = answer.bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                if case .silence = answer.ending {
                    var byte: UInt8 = 0
                    while recv(connection, &byte, 1, 0) > 0 {}
                }
                close(connection)
            }
        }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// The requests so far, head and body.
    var requests: [String] { seen.withLock { $0 } }

    /// Everything up to the end of the body that `Content-Length` announces.
    private static func request(from connection: Int32) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            if let end = bytes.firstRange(of: [0x0D, 0x0A, 0x0D, 0x0A]) {
                let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
                let length = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
                    .flatMap { Int($0.dropFirst(15).filter(\.isNumber)) }
                if bytes.count >= end.upperBound + (length ?? 0) { break }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
