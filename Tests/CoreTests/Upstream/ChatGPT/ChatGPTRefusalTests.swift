import Testing

@testable import Core

@Suite struct ChatGPTRefusalTests {
    struct Row: Sendable {
        var status: Int
        var body: String
        var failure: FailureClass
        var code: GatewayError.Code
    }

    static let table = [
        Row(status: 401, body: #"{"detail":{"code":"token_expired"}}"#, failure: .credential, code: .upstreamFailed),
        Row(status: 401, body: #"{"detail":"Could not parse"}"#, failure: .credential, code: .upstreamFailed),
        Row(status: 401, body: "", failure: .credential, code: .upstreamFailed),
        Row(status: 403, body: "<html>Just a moment", failure: .transient, code: .upstreamFailed),
        Row(status: 403, body: #"{"detail":"forbidden"}"#, failure: .transient, code: .upstreamFailed),
        Row(
            status: 404, body: #"{"detail":"Conversation not found"}"#, failure: .callerFault,
            code: .upstreamConversationLost),
        Row(status: 404, body: "<html>nginx", failure: .transient, code: .upstreamFailed),
        Row(status: 413, body: "{}", failure: .callerFault, code: .bodyTooLarge),
        Row(
            status: 422, body: #"{"detail":[{"loc":["body",0],"msg":"secret"}]}"#, failure: .callerFault,
            code: .upstreamRejectedRequest),
        Row(
            status: 429, body: #"{"detail":"Too many requests in 1 hour."}"#, failure: .rateLimited,
            code: .noAccountAvailable),
        Row(
            status: 429, body: #"{"detail":{"code":"model_cap_exceeded","clears_in":60}}"#,
            failure: .modelUnavailable, code: .noAccountAvailable),
        Row(
            status: 429, body: #"{"detail":{"code":"model_cap_exceeded","clears_in":1e300}}"#,
            failure: .modelUnavailable, code: .noAccountAvailable),
        Row(status: 500, body: "Internal Server Error", failure: .transient, code: .upstreamFailed),
        Row(status: 524, body: "<html>", failure: .transient, code: .upstreamTimeout),
        Row(status: 302, body: "", failure: .transient, code: .upstreamFailed),
    ]

    @Test(arguments: table)
    func eachRefusalHasItsClassAndItsAnswer(_ row: Row) {
        let error = UpstreamError.chatGPT(status: row.status, body: Array(row.body.utf8))

        #expect(error.failure == row.failure)
        #expect(error.gatewayError.code == row.code)
        #expect(!error.gatewayError.message.contains("secret"))
        #expect(!error.reason.contains("secret"))
    }

    @Test func onlyATimeoutAtTheEdgeMayHaveTakenThePrompt() {
        #expect(UpstreamError.chatGPT(status: 524, body: []).mayBeAccepted)
        #expect(!UpstreamError.chatGPT(status: 502, body: []).mayBeAccepted)
    }

    @Test func aWebsocketHandOffIsNamed() {
        let error = UpstreamError.chatGPTOddAnswer(Array(#"{"wss_url":"wss://x/"}"#.utf8))
        #expect(error.reason.contains("websocket") && error.mayBeAccepted)
    }
}
