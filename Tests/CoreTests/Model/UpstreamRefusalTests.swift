import Testing

@testable import Core

/// What servers really answer, word for word, and what of it a caller is told.
struct UpstreamRefusalTests {
    private func refusal(_ status: Int, _ body: String) -> UpstreamError {
        UpstreamError.openAI(status: status, retryAfter: nil, body: Array(body.utf8))
    }

    @Test(
        arguments: [
            (  // OpenAI
                400,
                #"{"error":{"message":"This model's maximum context length is 8192 tokens. However, your messages resulted in 10240 tokens. secret","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
                8192, 10240
            ),
            (  // vLLM
                400,
                #"{"object":"error","message":"This model's maximum context length is 2048 tokens. However, you requested 3000 tokens (secret).","type":"BadRequestError","param":null,"code":400}"#,
                2048, 3000
            ),
            (
                400,
                #"{"error":{"message":"'max_tokens' or 'max_completion_tokens' is too large: 4096. This model's maximum context length is 2048 tokens and your request has 1000 input tokens (4096 > 2048 - 1000). secret","type":"BadRequestError","param":"max_tokens","code":400}}"#,
                2048, 1000
            ),
            (
                400,
                #"{"object":"error","message":"The decoder prompt (length 12345) is longer than the maximum model length of 2048. secret","type":"BadRequestError","code":400}"#,
                2048, 12345
            ),
            (  // llama.cpp
                400,
                #"{"error":{"code":400,"message":"request (5000 tokens) exceeds the available context size (2048 tokens), try increasing it, secret","type":"exceed_context_size_error","n_prompt_tokens":5000,"n_ctx":2048}}"#,
                2048, 5000
            ),
            (
                500,
                #"{"error":{"code":500,"message":"the request exceeds the available context size. secret","type":"server_error"}}"#,
                nil, nil
            ),
            (  // Ollama
                400, #"{"error":{"message":"input length exceeds maximum context length secret","type":"api_error"}}"#,
                nil, nil
            ),
            (400, #"{"error":"prompt too long; exceeded max context length by 4 tokens secret"}"#, nil, nil),
            (  // Anthropic's words
                400,
                #"{"error":{"type":"invalid_request_error","message":"prompt is too long: 200251 tokens > 200000 maximum secret"}}"#,
                200000, 200251
            ),
        ] as [(Int, String, Int?, Int?)])
    func `a context that is too long is told as OpenAI tells it`(
        status: Int, body: String, limit: Int?, requested: Int?
    ) {
        let error = refusal(status, body)
        let told = error.gatewayError

        #expect(error.failure == .callerFault)
        #expect(error.refusal?.limit == limit)
        #expect(error.refusal?.requested == requested)
        #expect(told.status == .badRequest)
        #expect(told.openAI["error"]?["code"] == "context_length_exceeded")
        #expect(told.openAI["error"]?["type"] == "invalid_request_error")
        #expect(told.message.hasPrefix("This model's maximum context length is "))
        #expect(!told.openAI.text.contains("secret") && !error.reason.contains("secret"))
    }

    @Test(
        arguments: [
            (
                400, #"{"error":{"message":"x","param":"max_tokens","code":"unsupported_parameter"}}"#,
                "unsupported_parameter", "max_tokens"
            ),
            (
                400,
                #"{"error":{"message":"x","param":"messages[0].content[1].image_url","code":"invalid_image_url"}}"#,
                "invalid_image_url", "messages[0].content[1].image_url"
            ),
            (400, #"{"error":{"message":"x","param":"two words","code":"invalid_value"}}"#, "invalid_value", nil),
            (
                400, #"{"error":{"message":"x","param":null,"code":"content_policy_violation"}}"#,
                "content_policy_violation", nil
            ),
            (
                400,
                #"{"error":{"message":"x","code":"content_filter","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
                "content_filter", nil
            ),
            (
                500,
                #"{"error":{"code":500,"message":"image input is not supported - hint: if this is unexpected, you may need to provide the mmproj","type":"server_error"}}"#,
                "unsupported_value", "messages"
            ),
            (
                500,
                #"{"error":{"message":"Failed to create new sequence: this model is missing data required for image input","type":"api_error"}}"#,
                "unsupported_value", "messages"
            ),
            (
                500, #"{"error":{"code":500,"message":"Failed to load image or audio file","type":"server_error"}}"#,
                "invalid_image", "messages"
            ),
            (
                400, #"{"error":{"message":"registry.ollama.ai/library/x does not support tools","type":"api_error"}}"#,
                "unsupported_parameter", "tools"
            ),
            (
                400, #"{"object":"error","message":"m is not a multimodal model","type":"BadRequestError","code":400}"#,
                "unsupported_value", "messages"
            ),
        ] as [(Int, String, String, String?)])
    func `known words and sentences become a caller's fault`(
        status: Int, body: String, code: String, parameter: String?
    ) {
        let error = refusal(status, body)
        let told = error.gatewayError.openAI["error"]

        #expect(error.failure == .callerFault)
        #expect(told?["code"] == JSON(code))
        #expect(told?["param"] == JSON(parameter))
    }

    @Test(arguments: [
        (500, #"{"error":{"message":"out of memory","code":"server_error"}}"#), (503, "busy"),
        (429, #"{"error":{"message":"input tokens exceed the limit per minute","code":"rate_limit_exceeded"}}"#),
        (401, #"{"error":{"message":"x","code":"invalid_value"}}"#),
    ])
    func `what is no fault of the request stays the account's`(status: Int, body: String) {
        let error = refusal(status, body)

        #expect(error.refusal == nil)
        #expect(error.failure != .callerFault)
    }

    @Test func `a word that nobody knows goes out as before`() {
        let told = refusal(400, #"{"error":{"message":"x","param":"p","code":"very_new"}}"#).gatewayError

        #expect(told.openAI["error"]?["code"] == "upstream_rejected_request")
        #expect(told.parameter == nil)
    }

    @Test func `our own API names its own parameter`() {
        let told = refusal(400, #"{"error":{"message":"x","param":"messages","code":"context_length_exceeded"}}"#)
            .gatewayError.json(requestID: "r")

        #expect(told["code"] == "context_length_exceeded")
        #expect(told["parameter"] == "prompt")
    }
}
