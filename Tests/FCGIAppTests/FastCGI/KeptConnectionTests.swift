import CFCGI
import Core
import Glibc
import Synchronization
import Testing

@testable import FCGIApp

/// Connections that the web server keeps: many requests, one after the other.
@Suite(.timeLimit(.minutes(2)))
struct KeptConnectionTests {
    private static let echo = ScriptedResponder { Response(status: .ok, body: .bytes($0.body)) }

    @Test(arguments: [true, false])
    func answersManyRequestsOnOneConnection(isLight: Bool) async throws {
        let server = try RunningServer(Self.echo, isKept: true, isLight: isLight)

        let client = try FCGIClient(path: server.path)
        let replies = try await onOwnThread {
            (0..<100).map { number in
                let body = [UInt8](repeating: UInt8(number), count: number * 1500)
                client.send(
                    number % 3 == 0 ? "HEAD" : "POST", "/", body: body, keepConnection: true, id: UInt16(number + 1))
                let reply = client.reply()
                return reply.isWhole && reply.body == (number % 3 == 0 ? [] : body)
            }
        }

        #expect(replies.allSatisfy { $0 })
        #expect(server.server.connectionCount == 1)
        withExtendedLifetime(client) {}
    }

    @Test func answersPipelinedRequestsInTheirOrder() async throws {
        let server = try RunningServer(Self.echo, isKept: true)

        let texts = try await onOwnThread { [path = server.path] in
            let client = try FCGIClient(path: path)
            for number in 1...20 {
                client.send("POST", "/", body: Array("\(number)".utf8), keepConnection: true, id: UInt16(number))
            }
            return (1...20).map { _ in client.reply().text }
        }

        #expect(texts == (1...20).map(String.init))
    }

    @Test func takesAKeptRequestByteByByte() async throws {
        let server = try RunningServer(Self.echo, isKept: true)

        let texts = try await onOwnThread { [path = server.path] in
            let client = try FCGIClient(path: path)
            return ["one", "two"].map {
                client.send("POST", "/", body: Array($0.utf8), keepConnection: true, piece: 1)
                return client.reply().text
            }
        }

        #expect(texts == ["one", "two"])
    }

    @Test func refusesABodyThatIsTooLargeAndGoesOn() async throws {
        let server = try RunningServer(Self.echo, maxBodyBytes: 1000, isKept: true)

        let statuses = try await onOwnThread { [path = server.path] in
            let client = try FCGIClient(path: path)
            return [300_000, 10].map {
                client.send("POST", "/", body: [UInt8](repeating: 1, count: $0), keepConnection: true)
                return client.reply().status
            }
        }

        #expect(statuses == [413, 200])
    }

    @Test func closesAfterTheAnswerWhereTheWebServerDoesNotKeep() async throws {
        let server = try RunningServer(Self.echo, isKept: true)

        let (isWhole, next) = try await onOwnThread { [path = server.path] in
            let client = try FCGIClient(path: path)
            client.send("GET", "/", keepConnection: true)
            _ = client.reply()
            client.send("GET", "/")
            return (client.reply().isWhole, client.read(1))
        }

        #expect(isWhole)
        #expect(next == nil)
    }

    @Test func anAbortCancelsTheRequestAndEndsTheConnection() async throws {
        let gate = Gate()
        let responder = ScriptedResponder { _ in
            do { try await gate.pass() } catch { return Response(status: .serviceUnavailable) }
            return Response(status: .ok)
        }
        let server = try RunningServer(responder, isKept: true)
        let client = try FCGIClient(path: server.path)

        client.send("GET", "/", keepConnection: true, id: 7)
        await gate.arrival()
        client.write([1, 2, 0, 7, 0, 0, 0, 0])
        let (status, next) = try await onOwnThread { (client.reply().status, client.read(1)) }

        #expect(status == 503)
        #expect(next == nil)
    }

    @Test(arguments: [true, false])
    func aHangUpDuringALaterRequestCancelsIt(isLight: Bool) async throws {
        let gate = Gate()
        let responder = ScriptedResponder { request in
            if request.path == "/hold" { try? await gate.pass() }
            return Response(status: .ok)
        }
        let server = try RunningServer(responder, isKept: true, isLight: isLight)
        let client = try FCGIClient(path: server.path)

        client.send("GET", "/", keepConnection: true)
        _ = try await onOwnThread { client.reply() }
        client.send("GET", "/hold", keepConnection: true)
        await gate.arrival()
        client.close()

        #expect(await responder.endings(2).last?.hasClientLeft == true)
    }

    @Test func badRecordsAfterAGoodRequestEndTheConnectionAlone() async throws {
        let server = try RunningServer(Self.echo, isKept: true)

        let next = try await onOwnThread { [path = server.path] in
            let client = try FCGIClient(path: path)
            client.send("GET", "/", keepConnection: true)
            _ = client.reply()
            client.write([9, 9, 9, 9, 9, 9, 9, 9])
            return client.read(1)
        }

        #expect(next == nil)
        #expect(try await server.ask("POST", "/", body: [1]).status == 200)
    }

    @Test func aCutAnswerEndsTheConnection() async throws {
        struct Broken: Error {}
        let server = try RunningServer(
            ScriptedResponder { _ in
                Response(
                    status: .ok,
                    body: .stream { writer in
                        try await writer.write([1])
                        throw Broken()
                    })
            }, isKept: true)

        let reply = try await onOwnThread { [path = server.path] in
            let client = try FCGIClient(path: path)
            client.send("GET", "/", keepConnection: true)
            return client.reply()
        }

        #expect(reply.body == [1])
        #expect(!reply.isWhole)
    }

    @Test func onlyTheWebServerEndsAKeptConnectionDuringADrain() async throws {
        let server = try RunningServer(Self.echo, isKept: true)
        let client = try FCGIClient(path: server.path)
        client.send("POST", "/", body: [1], keepConnection: true)
        _ = try await onOwnThread { client.reply() }

        server.server.stopAccepting()
        let during = try await onOwnThread {
            client.send("POST", "/", body: [2], keepConnection: true)
            return client.reply()
        }
        client.close()
        let left = try await onOwnThread { server.server.drain(atMost: .seconds(60)) }

        #expect(during.body == [2])
        #expect(left == 0)
    }

    @Test func aDrainEndsIdleConnectionsAtItsLimit() async throws {
        let server = try RunningServer(Self.echo, isKept: true)
        let client = try FCGIClient(path: server.path)
        client.send("POST", "/", body: [1], keepConnection: true)
        _ = try await onOwnThread { client.reply() }

        let left = try await onOwnThread { server.server.drain(atMost: .milliseconds(1)) }

        #expect(left == 0)
        #expect(try await onOwnThread { client.read(1) } == nil)
    }

    @Test func theTypesOfRecordsAreThoseOfLibfcgi() {
        #expect(Int32(FCGIRecords.Kind.begin.rawValue) == FCGI_BEGIN_REQUEST)
        #expect(Int32(FCGIRecords.Kind.abort.rawValue) == FCGI_ABORT_REQUEST)
        #expect(Int32(FCGIRecords.Kind.parameters.rawValue) == FCGI_PARAMS)
        #expect(Int32(FCGIRecords.Kind.body.rawValue) == FCGI_STDIN)
        #expect(Int32(FCGIRecords.headerSize) == FCGI_HEADER_LEN)
    }
}
