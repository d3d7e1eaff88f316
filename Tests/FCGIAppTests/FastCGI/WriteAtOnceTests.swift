import Core
import Glibc
import Synchronization
import Testing

@testable import FCGIApp

/// Pieces that are sent on the loop without waiting for room.
@Suite(.timeLimit(.minutes(1)))
struct WriteAtOnceTests {
    private static let piece = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 % 251) }

    /// Makes the buffers of the server's connections so small that a record fits only in part.
    private static func shrinkBuffers(of path: String) {
        for descriptor in Int32(3)..<4096 {
            var address = sockaddr_un()
            var length = socklen_t(MemoryLayout<sockaddr_un>.size)
            let isOurs = withUnsafeMutablePointer(to: &address) { address in
                address.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) == 0 }
                    && withUnsafeBytes(of: &address.pointee.sun_path) { $0.starts(with: path.utf8) }
            }
            var size: Int32 = 4608
            if isOurs { setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, 4) }
        }
    }

    @Test func `a record of which only a part goes is finished as soon as there is room, before anything else`()
        async throws
    {
        let path = Mutex("")
        let taken = Mutex(0)
        let gate = Gate()
        let responder = ScriptedResponder { _ in
            Response(
                status: .ok,
                body: .stream { writer in
                    #expect(!writer.writeAtOnce(Self.piece))
                    try await writer.write([0])
                    Self.shrinkBuffers(of: path.withLock { $0 })
                    while writer.writeAtOnce(Self.piece) { taken.withLock { $0 += 1 } }
                    try await gate.pass()
                    try await writer.write([1])
                })
        }
        let server = try RunningServer(responder)
        path.withLock { $0 = server.path }

        let client = try await onOwnThread { [path = server.path] in
            let client = try FCGIClient(path: path)
            client.send("GET", "/")
            return client
        }
        await gate.arrival()
        let count = taken.withLock { $0 }
        let reply = try await onOwnThread {
            // The task writes on only when all of that has been read.
            let reply = client.reply(upTo: count * Self.piece.count)
            gate.open()
            return reply + client.reply().output
        }
        let endings = await responder.endings(1)

        #expect(count > 0)
        let body: [UInt8] = [0] + Array(repeatElement(Self.piece, count: count).joined()) + [1]
        #expect(reply.suffix(body.count) == body[...])
        #expect(endings.map(\.bytesSent) == [body.count])
    }

    @Test func `nothing is sent once the caller has left`() async throws {
        let gate = Gate()
        let isTaken = Mutex<Bool?>(nil)
        let responder = ScriptedResponder { _ in
            Response(
                status: .ok,
                body: .stream { writer in
                    try await writer.write([0])
                    try? await gate.pass()
                    isTaken.withLock { $0 = writer.writeAtOnce([1]) }
                })
        }
        let server = try RunningServer(responder)

        try await onOwnThread { [path = server.path] in
            let client = try FCGIClient(path: path)
            client.send("GET", "/")
            _ = client.read(8)
        }
        let endings = await responder.endings(1)

        #expect(isTaken.withLock { $0 } == false)
        #expect(endings.first?.hasClientLeft == true)
    }
}

extension FCGIClient {
    /// Reads records until at least `count` bytes of output have come.
    fileprivate func reply(upTo count: Int) -> [UInt8] {
        var output: [UInt8] = []
        while output.count < count, let header = read(8), let content = read(Int(header[4]) << 8 | Int(header[5])) {
            output += content
        }
        return output
    }
}
