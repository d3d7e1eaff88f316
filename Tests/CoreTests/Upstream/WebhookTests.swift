import Testing

@testable import Core

struct WebhookTests {
    @Test func `the signature is that of RFC 4231`() {
        #expect(
            Webhook.signature(of: Array("what do ya want for nothing?".utf8), with: Secret("Jefe"))
                == "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }

    @Test(
        arguments: [
            (200, nil, Webhook.Outcome.delivered), (204, nil, .delivered), (301, nil, .refused("status 301")),
            (400, nil, .refused("status 400")), (404, "5", .refused("status 404")), (410, nil, .refused("status 410")),
            (408, nil, .failed("status 408", retryAfter: nil)), (425, nil, .failed("status 425", retryAfter: nil)),
            (429, "7", .failed("status 429", retryAfter: .seconds(7))),
            (429, "0", .failed("status 429", retryAfter: .seconds(1))),
            (503, "99999999999", .failed("status 503", retryAfter: .seconds(3600))),
            (503, "-3", .failed("status 503", retryAfter: .seconds(1))),
            (503, "soon", .failed("status 503", retryAfter: nil)), (500, nil, .failed("status 500", retryAfter: nil)),
        ] as [(Int, String?, Webhook.Outcome)])
    func `an answer says whether to try again`(status: Int, retryAfter: String?, outcome: Webhook.Outcome) {
        #expect(Webhook.outcome(status: status, retryAfter: retryAfter) == outcome)
    }

    @Test func `pauses grow from a second to an hour`() {
        #expect((1...5).map { ThresholdCalls.pause(after: $0) } == [1, 2, 4, 8, 16].map { .seconds($0) })
        #expect(
            [13, 14, 1_000_000].map { ThresholdCalls.pause(after: $0) } == Array(repeating: .seconds(3600), count: 3))
        #expect(ThresholdCalls.pause(after: 9, wanted: .seconds(2)) == .seconds(2))
    }

    @Test func `a call is a signed POST, and no redirect is followed`() async throws {
        let body = Array(#"{"id":"1"}"#.utf8)
        let signature = Webhook.signature(of: body, with: Secret("s"))
        let other = ScriptedHTTPServer { _ in .json([:]) }
        let server = ScriptedHTTPServer { request in
            let isGood =
                request.hasPrefix("POST /hook?a=1 HTTP/1.1\r\n")
                && request.contains("X-Signature-256: \(signature)\r\n")
                && request.contains("Content-Type: application/json\r\n")
                && request.contains("User-Agent: chatgpt-api-server\r\n") && request.hasSuffix("\r\n\r\n{\"id\":\"1\"}")
            guard isGood else { return .json([:], status: 400) }
            let head = "HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:\(other.port)/\r\nContent-Length: 0\r\n\r\n"
            return .init(bytes: Array(head.utf8), ending: .close)
        }
        let webhook = Webhook(
            .init(url: Secret("http://127.0.0.1:\(server.port)/hook?a=1"), secret: Secret("s")), client: .shared)

        #expect(await webhook.call(body) == .refused("status 307"))
    }

    @Test func `where nobody listens it may go well later`() async throws {
        let port = try RefusedPort()
        defer { port.close() }
        let webhook = Webhook(.init(url: Secret("\(port.url)/secret"), secret: Secret("s")), client: .shared)

        #expect(await webhook.call([]) == .failed("connect", retryAfter: nil))
    }
}
