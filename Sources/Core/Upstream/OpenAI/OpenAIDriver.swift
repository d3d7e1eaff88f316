/// Speaks the chat completions API of OpenAI, vLLM, Ollama, llama.cpp and others.
///
/// Field names are those of https://platform.openai.com/docs/api-reference/chat.
package struct OpenAIDriver: UpstreamDriver {
    let endpoint: OpenAIEndpoint
    let models: ModelCatalog
    let titleTimeout: Duration

    package init(client: HTTPClient, titleTimeout: Duration) {
        endpoint = OpenAIEndpoint(client: client)
        models = ModelCatalog(endpoint: endpoint)
        self.titleTimeout = titleTimeout
    }

    package func send(_ prompt: UpstreamPrompt, to account: Account) async throws(UpstreamError) -> UpstreamReply {
        var body = JSONObject()
        if let model = try await model(prompt.model, of: account) { body["model"] = JSON(model) }
        body["messages"] = .array(Self.messages(of: prompt))
        body["stream"] = true
        body["stream_options"] = ["include_usage": true]
        body["user"] = JSON(prompt.pseudonym)
        let response = try await endpoint.post("/chat/completions", .object(body), to: account)
        let reader = OpenAIReplyReader(response)
        // Another account may still be tried until the answer has really begun.
        try await reader.begin()
        return UpstreamReply { () async throws(UpstreamError) in try await reader.next() }
    }

    package func title(
        for turn: Turn, of conversation: Conversation, from account: Account
    ) async throws(UpstreamError) -> String? {
        var body = JSONObject()
        if let model = try await model(account.titleModel ?? turn.model, of: account) { body["model"] = JSON(model) }
        body["messages"] = [
            [
                "role": "system",
                "content": "Give this conversation a title of two to six words. Answer with the title only.",
            ],
            ["role": "user", "content": JSON("\(turn.prompt.prefix(1000))\n\n\(turn.reply.prefix(1000))")],
        ]
        body["max_tokens"] = 24
        body["stream"] = false
        let response = try await endpoint.post(
            "/chat/completions", .object(body), to: account, totalTimeout: titleTimeout)
        return try await OpenAIEndpoint.json(of: response)["choices"]?[0]?["message"]?["content"]?.string
    }

    /// The model to ask for: the wanted one, else the account's first.
    private func model(_ wanted: String?, of account: Account) async throws(UpstreamError) -> String? {
        if let wanted { return wanted }
        if let first = account.models.first { return first }
        return try await models.models(of: account).first
    }

    /// The whole thread as messages: system prompt, earlier turns, this prompt.
    private static func messages(of prompt: UpstreamPrompt) -> [JSON] {
        var messages: [JSON] = []
        if let system = prompt.conversation?.system ?? prompt.system {
            messages.append(["role": "system", "content": JSON(system)])
        }
        for turn in prompt.conversation?.turns ?? [] {
            messages.append(["role": "user", "content": JSON(turn.prompt)])
            messages.append(["role": "assistant", "content": JSON(turn.reply)])
        }
        messages.append(["role": "user", "content": JSON(prompt.prompt)])
        return messages
    }
}
