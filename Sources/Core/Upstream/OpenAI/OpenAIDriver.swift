/// Speaks the chat completions API of OpenAI, vLLM, Ollama, llama.cpp and others.
///
/// Field names are those of https://platform.openai.com/docs/api-reference/chat.
package struct OpenAIDriver: UpstreamDriver {
    let endpoint: OpenAIEndpoint
    let titleTimeout: Duration
    let limits: ReplyLimits
    let pseudonyms: Pseudonyms
    private let limitNames = TokenLimitNames()
    /// What is known of an account's models without asking its upstream.
    let knownModels: @Sendable (Account) async -> [UpstreamModel]

    package init(
        client: HTTPClient, pseudonyms: Pseudonyms, titleTimeout: Duration, limits: ReplyLimits = ReplyLimits(),
        knownModels: @escaping @Sendable (Account) async -> [UpstreamModel] = { _ in [] }
    ) {
        endpoint = OpenAIEndpoint(client: client)
        self.pseudonyms = pseudonyms
        self.titleTimeout = titleTimeout
        self.limits = limits
        self.knownModels = knownModels
    }

    package func send(_ prompt: UpstreamPrompt, to account: Account) async throws(UpstreamError) -> any UpstreamReply {
        let model = await model(prompt.model, of: account)
        let countsThoughts = limitNames.countsThoughts(model, of: account)
        do throws(UpstreamError) { return try await send(prompt, model, countsThoughts, to: account) } catch {
            // The limit is ours, so its name is ours to find.
            guard prompt.mostCompletion != nil, prompt.completion?["max_tokens"] == nil, !countsThoughts,
                error.refusal?.fault == .unsupportedParameter, error.refusal?.parameter == "max_tokens"
            else { throw error }
            limitNames.note(model, of: account)
            return try await send(prompt, model, true, to: account)
        }
    }

    private func send(
        _ prompt: UpstreamPrompt, _ model: String?, _ countsThoughts: Bool, to account: Account
    ) async throws(UpstreamError) -> any UpstreamReply {
        let body = CompletionBody.bytes(
            of: prompt, model: model, limitName: countsThoughts ? "max_completion_tokens" : "max_tokens",
            for: UpstreamIdentity(of: prompt.user, at: account, pseudonyms))
        var meter = ReplyMeter(limits)
        let response = try await endpoint.post(
            "/chat/completions", body, to: account, totalTimeout: limits.total, idleTimeout: limits.idle)
        meter.begin()
        let reply = OpenAIReply(response, meter: meter, form: Self.form(of: prompt.completion))
        // Another account may still be tried until the answer has really begun.
        try await reply.begin()
        return reply
    }

    private static func form(of completion: CompletionRequest?) -> OpenAIReply.Form {
        guard let completion else { return .text }
        return completion.isStream ? .chunks(showsUsage: completion.wantsUsage) : .completion
    }

    package func title(
        for turn: Turn, of conversation: Conversation, from account: Account, user: String
    ) async throws(UpstreamError) -> UpstreamTitle? {
        let model = await model(account.titleModel ?? turn.requestedModel, of: account)
        let request = TitleRequest(
            turn: turn, model: model, identity: UpstreamIdentity(of: user, at: account, pseudonyms))
        let countsThoughts = limitNames.countsThoughts(model, of: account)
        do throws(UpstreamError) {
            return try await title(request.body(countsThoughts: countsThoughts), from: account)
        } catch {
            guard !countsThoughts, error.refusal?.fault == .unsupportedParameter,
                error.refusal?.parameter == "max_tokens"
            else { throw error }
            limitNames.note(model, of: account)
            return try await title(request.body(countsThoughts: true), from: account)
        }
    }

    private func title(_ body: JSON, from account: Account) async throws(UpstreamError) -> UpstreamTitle {
        let response = try await endpoint.post(
            "/chat/completions", body.bytes, to: account, totalTimeout: titleTimeout)
        let answer = try await OpenAIEndpoint.json(of: response)
        return UpstreamTitle(
            text: TitleRequest.title(in: answer), model: answer["model"]?.string,
            usage: TokenUsage(json: answer["usage"]))
    }

    package func models(of account: Account) async throws(UpstreamError) -> UpstreamModels {
        try await endpoint.models(of: account)
    }

    /// The model to ask for: the wanted one, else the account's first; nil leaves it to an upstream not yet known.
    private func model(_ wanted: String?, of account: Account) async -> String? {
        if let wanted { return wanted }
        if let first = account.models.first { return first }
        return await knownModels(account).first { $0.kind == .chat }?.name
    }
}
