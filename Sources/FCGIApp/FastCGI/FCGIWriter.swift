import Core
import Glibc
import HTTPTypes
import Synchronization

/// Sends a response through a connection in pieces that never block, each when the socket has room.
final class FCGIWriter: BodyWriter {
    private let connection: FCGIConnection
    private let events: SocketEvents
    private let token: SocketEvents.Token
    private let sent = Mutex(0)

    init(_ connection: FCGIConnection, events: SocketEvents, token: SocketEvents.Token) {
        self.connection = connection
        self.events = events
        self.token = token
    }

    /// Bytes of head and body that the transport took.
    var bytesSent: Int { sent.withLock { $0 } }

    func write(_ bytes: [UInt8]) async throws {
        try await put(bytes, flushingEnd: true)
    }

    /// Sends the whole of `response`; the request's end is left to ``FCGIConnection/finish()``.
    func send(_ response: Response, isHead: Bool) async throws {
        var head = Array("Status: \(response.status.code) \(response.status.reasonPhrase)\r\n".utf8)
        for field in response.headers where Self.isSafe(field.value) {
            head += Array("\(field.name.rawName): \(field.value)\r\n".utf8)
        }
        switch response.body {
        case .bytes(let body):
            head += Array("Content-Length: \(body.count)\r\n\r\n".utf8)
            try await put(isHead ? head : head + body, flushingEnd: false)
        case .stream(let write):
            head += [0x0D, 0x0A]
            try await put(head, flushingEnd: true)
            if !isHead { try await write(self) }
        }
        // What is left in libfcgi's buffer goes out with the end of the request.
        guard await events.waitUntilWritable(token) else { throw CancellationError() }
    }

    /// A bare LF in a value would become another header on its way through nginx.
    private static func isSafe(_ value: String) -> Bool { value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }

    private func put(_ bytes: [UInt8], flushingEnd: Bool) async throws {
        var start = 0
        while start < bytes.count {
            let end = min(start + FCGIConnection.pieceSize, bytes.count)
            guard await events.waitUntilWritable(token) else { throw CancellationError() }
            bytes.withUnsafeBytes { connection.put(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
            if flushingEnd || end < bytes.count, !connection.flush() { throw CancellationError() }
            sent.withLock { $0 += end - start }
            start = end
        }
    }
}
