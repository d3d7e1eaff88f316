import Testing

@testable import Core

struct UpstreamErrorClassificationTests {
    @Test(
        arguments: [
            (401, "invalid_api_key", .credential), (403, nil, .credential), (402, nil, .quota),
            (429, "rate_limit_exceeded", .rateLimited), (429, "insufficient_quota", .quota), (429, nil, .rateLimited),
            (404, "model_not_found", .modelUnavailable), (404, nil, .modelUnavailable),
            (400, "model_not_found", .modelUnavailable), (400, "context_length_exceeded", .callerFault),
            (400, nil, .callerFault), (413, nil, .callerFault), (422, nil, .callerFault), (408, nil, .transient),
            (409, nil, .transient), (500, "server_error", .transient), (502, nil, .transient), (503, nil, .transient),
            (529, nil, .transient), (302, nil, .transient), (204, nil, .transient),
        ] as [(Int, String?, FailureClass)])
    func `status and code decide what a refusal says about the account`(
        status: Int, code: String?, failure: FailureClass
    ) {
        let body: JSON = ["error": ["message": "a secret message", "code": JSON(code)]]

        let error = UpstreamError.openAI(status: status, retryAfter: nil, body: body.bytes)

        #expect(error.kind == .refused)
        #expect(error.failure == failure)
        #expect(error.status == status)
        #expect(error.upstreamCode == code)
        #expect(!error.reason.contains("secret"))
    }

    @Test(arguments: [
        "", "<html>502 Bad Gateway</html>", "null", "[]", "{\"error\":\"a text\"}", "{\"error\":{\"code\":7}}",
        "{\"error\":{\"code\":\"two words\"}}", "{\"error\":{\"code\":\"\"}}", "{\"error\":{\"code\":\"<b>\"}}",
    ])
    func `nothing of a body but a plain word is kept`(body: String) {
        let error = UpstreamError.openAI(status: 429, retryAfter: nil, body: Array(body.utf8))

        #expect(error.failure == .rateLimited)
        #expect(error.upstreamCode == nil)
        #expect(error.reason == "status 429")
    }

    @Test(
        arguments: [
            (400, "identifier_blocked", ""), (401, "identifier blocked", ""), (403, "safety_identifier_blocked", ""),
            (403, "blocked_by_upstream", ""), (429, "identifier_blocked", ""), (400, nil, "Identifier blocked."),
            (403, "forbidden", "This safety identifier has been blocked, see the usage policies."),
        ] as [(Int, String?, String)])
    func `a user who is blocked is no fault of the account`(status: Int, code: String?, message: String) {
        let body: JSON = ["error": ["message": JSON(message), "code": JSON(code)]]

        let error = UpstreamError.openAI(status: status, retryAfter: nil, body: body.bytes)

        #expect(error.failure == .callerFault)
        #expect(error.gatewayError.code == .blockedByUpstream)
        #expect(error.gatewayError.openAI["error"]?["code"] == "blocked_by_upstream")
        #expect(error.gatewayError.openAIStatus.code == 403)
    }

    @Test(
        arguments: [
            (429, "rate_limit_exceeded", "The identifier blocked nothing", .rateLimited),
            (403, nil, "Your IP is blocked", .credential), (401, "user_blocked", "blocked", .credential),
            (500, nil, "blocked", .transient),
        ] as [(Int, String?, String, FailureClass)])
    func `other blocks stay the account's`(status: Int, code: String?, message: String, failure: FailureClass) {
        let body: JSON = ["error": ["message": JSON(message), "code": JSON(code)]]

        #expect(UpstreamError.openAI(status: status, retryAfter: nil, body: body.bytes).failure == failure)
    }

    @Test func `the type stands in for a missing code`() {
        let body = Array("{\"error\":{\"code\":null,\"type\":\"insufficient_quota\"}}".utf8)
        #expect(UpstreamError.openAI(status: 429, retryAfter: nil, body: body).failure == .quota)
    }

    @Test(
        arguments: [
            ("30", .seconds(30)), ("0", .seconds(0)), ("1.2", .seconds(2)), ("86400", .seconds(86_400)), ("86401", nil),
            ("-1", nil), ("1e300", nil), ("nan", nil), ("inf", nil), ("", nil), ("Wed, 21 Oct 2026 07:28:00 GMT", nil),
            (nil, nil),
        ] as [(String?, Duration?)])
    func `a wait is believed up to a day`(text: String?, expected: Duration?) {
        #expect(UpstreamError.openAI(status: 429, retryAfter: text, body: []).retryAfter == expected)
    }

    @Test(
        arguments: [
            (.cancelled, .cancelled, .callerFault), (.timeoutConnect, .unreachable, .transient),
            (.timeoutFirstByte, .timeout, .transient), (.timeoutIdle, .timeout, .transient),
            (.timeoutTotal, .timeout, .transient), (.resolve, .unreachable, .transient),
            (.connect, .unreachable, .transient), (.proxy, .unreachable, .transient), (.tls, .unreachable, .transient),
            (.reset, .unreachable, .transient), (.truncated, .truncated, .transient),
            (.tooLarge, .badReply, .transient),
            (.protocolError, .badReply, .transient), (.invalidURL, .badReply, .transient),
        ] as [(HTTPClientError.Kind, UpstreamError.Kind, FailureClass)])
    func `a failed exchange keeps libcurl's words to itself`(
        kind: HTTPClientError.Kind, expected: UpstreamError.Kind, failure: FailureClass
    ) {
        let error = UpstreamError(HTTPClientError(kind: kind, detail: "to 10.0.0.1 with secret", wasSent: true))

        #expect(error.kind == expected)
        #expect(error.failure == failure)
        #expect(!error.reason.contains("secret"))
    }
}
