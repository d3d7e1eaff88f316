import Core
import Glibc
import HTTPTypes
import Synchronization
import Testing

@testable import FCGIApp

@Suite(.timeLimit(.minutes(2)))
struct FCGIServerTests {
    private static let echo = ScriptedResponder { Response(status: .ok, body: .bytes($0.body)) }

    private static func flood(_ bytes: Int) -> ScriptedResponder {
        ScriptedResponder { _ in
            Response(
                status: .ok,
                body: .stream { writer in
                    let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 50_000)
                    for _ in 0..<(bytes / piece.count) { try await writer.write(piece) }
                })
        }
    }

    @Test func echoesABodyOfOneMebibyte() async throws {
        let server = try RunningServer(Self.echo)
        let body = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }

        let reply = try await server.ask("POST", "/echo", body: body)

        #expect(reply.status == 200)
        #expect(reply.isWhole)
        #expect(reply["content-length"] == String(body.count))
        #expect(reply.body == body)
    }

    @Test(arguments: [true, false])
    func refusesABodyOverTheLimit(isAnnounced: Bool) async throws {
        let server = try RunningServer(Self.echo, maxBodyBytes: 1000)
        let body = [UInt8](repeating: 1, count: 300_000)

        let reply = try await server.ask(
            "POST", "/echo", body: body, parameters: isAnnounced ? [:] : ["CONTENT_LENGTH": ""])

        #expect(reply.status == 413)
        #expect(reply.isWhole)
        let json = try JSONReader.read(reply.body)
        #expect(json["status"]?.string == "error")
        #expect(json["code"]?.string == "body_too_large")
        #expect(json["request_id"]?.string == "0123456789abcdef0123456789abcdef")
        #expect(reply["x-request-id"] == "0123456789abcdef0123456789abcdef")
    }

    @Test func takesABodyOfExactlyTheLimit() async throws {
        let server = try RunningServer(Self.echo, maxBodyBytes: 1000)

        let reply = try await server.ask("POST", "/", body: [UInt8](repeating: 1, count: 1000))

        #expect(reply.status == 200)
    }

    @Test func refusesABodyOfAnotherLengthThanAnnounced() async throws {
        let server = try RunningServer(Self.echo)

        let reply = try await server.ask("POST", "/", body: [1, 2, 3], parameters: ["CONTENT_LENGTH": "4"])

        #expect(reply.status == 400)
        #expect(try JSONReader.read(reply.body)["code"]?.string == "malformed_request")
    }

    @Test func handsOnWhatTheWebServerSays() async throws {
        let seen = Mutex<Request?>(nil)
        let server = try RunningServer(
            ScriptedResponder { request in
                seen.withLock { $0 = request }
                return Response(status: .noContent)
            })

        let reply = try await server.ask(
            "PATCH", "/a/b?x=%20y", body: [7],
            parameters: [
                "HTTP_AUTHORIZATION": "Bearer k", "HTTP_X_TWO_WORDS": "v", "HTTP_PROXY": "evil:1",
                "CONTENT_TYPE": "text/plain",
            ])

        let request = try #require(seen.withLock { $0 })
        #expect(reply.status == 204)
        #expect(reply["content-length"] == nil)
        #expect(request.id == "0123456789abcdef0123456789abcdef")
        #expect(request.method == .patch)
        #expect(request.path == "/a/b")
        #expect(request.query == "x=%20y")
        #expect(request.body == [7])
        #expect(request.remoteAddress == "192.0.2.7")
        #expect(request.headers[.authorization] == "Bearer k")
        #expect(request.headers[.contentType] == "text/plain")
        #expect(request.headers[HTTPField.Name("X-Two-Words") ?? .age] == "v")
        #expect(request.headers[HTTPField.Name("Proxy") ?? .age] == nil)
    }

    @Test func answersAHeadRequestWithoutABody() async throws {
        let server = try RunningServer(ScriptedResponder { _ in Response(status: .ok, body: .bytes([1, 2, 3])) })

        let reply = try await server.ask("HEAD", "/")

        #expect(reply["content-length"] == "3")
        #expect(reply.body.isEmpty)
        #expect(reply.isWhole)
    }

    @Test func streamsTwentyMegabytesWhole() async throws {
        let responder = Self.flood(20_000_000)
        let server = try RunningServer(responder)

        let reply = try await server.ask("GET", "/flood")

        #expect(reply.body.count == 20_000_000)
        #expect(reply.isWhole)
        let ending = await responder.endings(1).first
        #expect(ending == .init(path: "/flood", status: 200, bytesSent: 20_000_000, hasClientLeft: false))
    }

    @Test func aReaderThatStallsHoldsNoThread() async throws {
        let responder = ScriptedResponder { request in
            guard request.path == "/flood" else { return Response(status: .ok, body: .bytes(request.body)) }
            return await Self.flood(20_000_000).respond(to: request)
        }
        let server = try RunningServer(responder)

        // Far more stalled readers than the executor has threads.
        let replies = try await onOwnThread { [path = server.path] in
            let stalled = try (0..<16).map { _ in
                let client = try FCGIClient(path: path)
                client.send("GET", "/flood")
                return client
            }
            // Each has got something, so each response is under way.
            for client in stalled { _ = client.read(8) }
            return try withExtendedLifetime(stalled) {
                try (0..<20).map { _ in
                    let client = try FCGIClient(path: path)
                    client.send("GET", "/quick")
                    return client.reply().status
                }
            }
        }

        #expect(replies.allSatisfy { $0 == 200 })
        let endings = await responder.endings(36)
        #expect(endings.count { $0.path == "/flood" && $0.hasClientLeft } == 16)
        #expect(endings.count { $0.path == "/quick" && !$0.hasClientLeft } == 20)
    }

    @Test func cancelsTheTaskWhenTheCallerLeaves() async throws {
        let gate = Gate()
        let wasCancelled = Mutex(false)
        let responder = ScriptedResponder { _ in
            do { try await gate.pass() } catch { wasCancelled.withLock { $0 = true } }
            return Response(status: .ok)
        }
        let server = try RunningServer(responder)
        let client = try FCGIClient(path: server.path)

        client.send("GET", "/hold")
        await gate.arrival()
        client.close()
        let endings = await responder.endings(1)

        #expect(wasCancelled.withLock { $0 })
        #expect(endings == [.init(path: "/hold", status: 200, bytesSent: 0, hasClientLeft: true)])
    }

    @Test func aWriterThrowsCancellationWhenTheCallerLeaves() async throws {
        let failure = Mutex<(any Error)?>(nil)
        let responder = ScriptedResponder { _ in
            Response(
                status: .ok,
                body: .stream { writer in
                    do {
                        while true { try await writer.write([UInt8](repeating: 0, count: 20_000)) }
                    } catch {
                        failure.withLock { $0 = error }
                        throw error
                    }
                })
        }
        let server = try RunningServer(responder)
        let client = try FCGIClient(path: server.path)

        client.send("GET", "/endless")
        _ = client.read(100)
        client.close()
        let ending = await responder.endings(1).first

        #expect(failure.withLock { $0 is CancellationError })
        #expect(ending?.hasClientLeft == true)
    }

    @Test func aStreamThatFailsIsCutAndNotEnded() async throws {
        struct Broken: Error {}
        let responder = ScriptedResponder { _ in
            Response(
                status: .ok,
                body: .stream { writer in
                    try await writer.write(Array("part".utf8))
                    throw Broken()
                })
        }
        let server = try RunningServer(responder)

        let reply = try await server.ask("GET", "/")

        #expect(reply.text == "part")
        #expect(!reply.isWhole)
        #expect(await responder.endings(1).first?.hasClientLeft == false)
    }

    @Test func aWriterThatOutlivesItsResponseIsHarmless() async throws {
        let kept = Mutex<(any BodyWriter)?>(nil)
        let responder = ScriptedResponder { _ in
            Response(
                status: .ok,
                body: .stream { writer in
                    kept.withLock { $0 = writer }
                    try await writer.write([1])
                })
        }
        let server = try RunningServer(responder)

        let reply = try await server.ask("GET", "/")
        _ = await responder.endings(1)
        let writer = try #require(kept.withLock { $0 })

        #expect(reply.isWhole)
        await #expect(throws: CancellationError.self) { try await writer.write([2]) }
    }

    @Test func closesAConnectionThatTheWebServerWantsToKeep() async throws {
        let server = try RunningServer(Self.echo)

        let next = try await onOwnThread { [path = server.path] in
            let client = try FCGIClient(path: path)
            client.send("GET", "/", keepConnection: true)
            let reply = client.reply()
            return (reply.isWhole, client.read(1))
        }

        #expect(next.0)
        #expect(next.1 == nil)
    }

    @Test func survivesWhatIsNotFastCGI() async throws {
        let server = try RunningServer(Self.echo)

        let answers = try await onOwnThread { [path = server.path] in
            try [Array("GET / HTTP/1.1\r\n\r\n".utf8), [UInt8](repeating: 0xFF, count: 100), [1, 1, 0]].map { bytes in
                let client = try FCGIClient(path: path)
                client.write(bytes)
                if bytes.count == 3 { client.close() }
                return client.read(1)
            }
        }
        let reply = try await server.ask("GET", "/")

        #expect(answers.allSatisfy { $0 == nil })
        #expect(reply.status == 200)
    }

    @Test func drainingFinishesWhatRunsAndTakesNothingNew() async throws {
        let gate = Gate()
        let responder = ScriptedResponder { _ in
            try? await gate.pass()
            return Response(status: .ok, body: .bytes(Array("done".utf8)))
        }
        let server = try RunningServer(responder)
        let running = try FCGIClient(path: server.path)
        running.send("GET", "/running")
        await gate.arrival()

        server.server.stopAccepting()
        await withCheckedContinuation { continuation in server.server.loop.run { continuation.resume() } }
        let late = try FCGIClient(path: server.path)
        late.send("GET", "/late")
        async let remaining = onOwnThread { server.server.drain(atMost: .seconds(60)) }
        gate.open()
        let left = try await remaining

        #expect(left == 0)
        #expect(running.reply().text == "done")
        #expect(await responder.endings(1).map(\.path) == ["/running"])
        #expect(server.server.connectionCount == 0)
    }

    @Test func drainingCancelsWhatRunsTooLong() async throws {
        let gate = Gate()
        let responder = ScriptedResponder { _ in
            do { try await gate.pass() } catch {
                return Response(status: .serviceUnavailable, body: .bytes(Array("cancelled".utf8)))
            }
            return Response(status: .ok)
        }
        let server = try RunningServer(responder)
        let client = try FCGIClient(path: server.path)
        client.send("GET", "/")
        await gate.arrival()

        let left = try await onOwnThread { server.server.drain(atMost: .milliseconds(1), grace: .seconds(60)) }

        #expect(left == 0)
        let reply = client.reply()
        #expect(reply.status == 503)
        #expect(reply.text == "cancelled")
    }

    @Test func fiveHundredHeldRequestsAreAllAnswered() async throws {
        let gate = Gate()
        let responder = ScriptedResponder { request in
            try? await gate.pass()
            return Response(status: .ok, body: .bytes(Array(request.query.utf8)))
        }
        let server = try RunningServer(responder)

        let clients = try (0..<500).map { number in
            let client = try FCGIClient(path: server.path)
            client.send("GET", "/?\(number)")
            return client
        }
        await gate.arrival(of: 500)
        gate.open()
        _ = await responder.endings(500)

        for (number, client) in clients.enumerated() {
            let reply = client.reply()
            #expect(reply.text == String(number))
            #expect(reply.isWhole)
        }
    }

    @Test func aResponseWithoutAUsableStatusBecomesAnError() async throws {
        let server = try RunningServer(ScriptedResponder { _ in Response(status: .init(code: 42)) })

        let reply = try await server.ask("GET", "/")

        #expect(reply.status == 500)
        #expect(try JSONReader.read(reply.body)["code"]?.string == "internal_error")
    }
}
