import Core
import Glibc
import Testing

@testable import FCGIApp

/// Requests that come slowly, or not at all, hold up no others.
@Suite(.timeLimit(.minutes(1)))
struct SlowRequestTests {
    private static let echo = ScriptedResponder { Response(status: .ok, body: .bytes($0.body)) }

    /// A begin record, and the beginning of parameters of which the rest never comes.
    private static let half: [UInt8] = [1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 4, 0, 1, 1, 0, 0, 0, 14]

    @Test func answersBesideTwoHundredHalfRequests() async throws {
        let server = try RunningServer(Self.echo)
        let path = server.path
        let silent = try (0..<200).map { _ in
            let client = try FCGIClient(path: path)
            client.write(Self.half)
            return client
        }

        let start = ContinuousClock.now
        let reply = try await server.ask("POST", "/", body: [1, 2, 3])
        let time = ContinuousClock.now - start

        #expect(reply.status == 200)
        // Each of them has half a minute.
        #expect(time < .seconds(20))
        withExtendedLifetime(silent) {}
    }

    @Test func givesUpARequestThatDripsAtOneDeadline() async throws {
        let server = try RunningServer(Self.echo, requestTime: .milliseconds(300))

        let isClosed = try await onOwnThread { [path = server.path] in
            let client = try FCGIClient(path: path)
            let start = ContinuousClock.now
            client.write(Self.half)
            // Each byte comes well within the time that all of it has.
            while ContinuousClock.now - start < .seconds(20) {
                client.write([14])
                if client.hasEnded(within: .milliseconds(50)) { return true }
            }
            return false
        }

        #expect(isClosed)
    }

    @Test func takesARequestByteByByte() async throws {
        let server = try RunningServer(Self.echo)

        let reply = try await onOwnThread { [path = server.path] in
            let client = try FCGIClient(path: path)
            client.send("POST", "/", body: Array("hello".utf8), piece: 1)
            return client.reply()
        }

        #expect(reply.status == 200)
        #expect(reply.text == "hello")
    }

    @Test(arguments: [
        [9, 9, 9, 9, 9, 9, 9, 9], [1, 4, 0, 1, 0, 0, 0, 0], [1, 1, 0, 1, 0, 8, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0],
    ])
    func closesWhatIsNoRequest(bytes: [UInt8]) async throws {
        let server = try RunningServer(Self.echo)

        let reply = try await onOwnThread { [path = server.path] in
            let client = try FCGIClient(path: path)
            client.write(bytes)
            return client.reply()
        }

        #expect(reply.output.isEmpty)
        #expect(!reply.isWhole)
        #expect(try await server.ask("POST", "/", body: [1]).status == 200)
    }

    @Test func answersUnderTheIDThatTheWebServerChose() async throws {
        let server = try RunningServer(Self.echo)

        let id = try await onOwnThread { [path = server.path] in
            let client = try FCGIClient(path: path)
            client.send("POST", "/", body: [1], id: 0x0203)
            return try #require(client.read(8))[2...3].reduce(0) { $0 << 8 | Int($1) }
        }

        #expect(id == 0x0203)
    }
}
