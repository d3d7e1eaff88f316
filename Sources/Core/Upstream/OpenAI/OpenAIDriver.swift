/// Speaks the chat completions API of OpenAI, vLLM, Ollama, llama.cpp and others.
///
/// Field names are those of https://platform.openai.com/docs/api-reference/chat.
package struct OpenAIDriver: UpstreamDriver {
    let endpoint: OpenAIEndpoint
    let titleTimeout: Duration
    let limits: ReplyLimits
    private let limitNames = TokenLimitNames()
    /// What is known of an account's models without asking its upstream.
    let knownModels: @Sendable (Account) async -> [UpstreamModel]

    package init(
        client: HTTPClient, titleTimeout: Duration, limits: ReplyLimits = ReplyLimits(),
        knownModels: @escaping @Sendable (Account) async -> [UpstreamModel] = { _ in [] }
    ) {
        endpoint = OpenAIEndpoint(client: client)
        self.titleTimeout = titleTimeout
        self.limits = limits
        self.knownModels = knownModels
    }

    package func send(_ prompt: UpstreamPrompt, to account: Account) async throws(UpstreamError) -> any UpstreamReply {
        var body = prompt.completion?.body ?? JSONObject()
        let isStream = prompt.completion?.isStream ?? true
        if let model = await model(prompt.model, of: account) { body["model"] = JSON(model) }
        body["messages"] = .array(Self.messages(of: prompt))
        body["stream"] = JSON(isStream)
        if isStream {
            // The usage is asked for even where the caller does not want to see it: it is counted.
            var options = body["stream_options"]?.object ?? JSONObject()
            options["include_usage"] = true
            body["stream_options"] = .object(options)
        }
        body["user"] = JSON(prompt.pseudonym)
        if body["safety_identifier"] != nil { body["safety_identifier"] = JSON(prompt.pseudonym) }
        var meter = ReplyMeter(limits)
        let response = try await endpoint.post(
            "/chat/completions", .object(body), to: account, totalTimeout: limits.total, idleTimeout: limits.idle)
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
        for turn: Turn, of conversation: Conversation, from account: Account, pseudonym: String
    ) async throws(UpstreamError) -> String? {
        let model = await model(account.titleModel ?? turn.requestedModel, of: account)
        let request = TitleRequest(turn: turn, model: model, pseudonym: pseudonym)
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

    private func title(_ body: JSON, from account: Account) async throws(UpstreamError) -> String? {
        let response = try await endpoint.post("/chat/completions", body, to: account, totalTimeout: titleTimeout)
        return TitleRequest.title(in: try await OpenAIEndpoint.json(of: response))
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

    /// The whole thread as messages: system prompt, earlier turns, this prompt.
    ///
    /// A caller that sends a thread itself has it sent as it is; one that continues a stored conversation without
    /// sending its replies back has its turns put in front.
    private static func messages(of prompt: UpstreamPrompt) -> [JSON] {
        let turns = prompt.conversation?.turns ?? []
        var messages: [JSON] = []
        if let own = prompt.completion?.messages {
            guard !turns.isEmpty, !own.contains(where: { $0["role"]?.string == "assistant" }) else { return own }
            messages = own.filter(CompletionRequest.isSystem)
            let new = own.filter { !CompletionRequest.isSystem($0) }
            if messages.isEmpty { messages = system(prompt.conversation?.system) }
            return messages + Turn.messages(of: turns, before: new) + new
        }
        messages = system(prompt.conversation?.system ?? prompt.system)
        return messages + Turn.messages(of: turns) + [["role": "user", "content": JSON(prompt.prompt)]]
    }

    private static func system(_ text: String?) -> [JSON] {
        text.map { [["role": "system", "content": JSON($0)]] } ?? []
    }
}
