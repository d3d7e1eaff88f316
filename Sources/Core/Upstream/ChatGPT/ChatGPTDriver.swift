/// Speaks the protocol of the ChatGPT web application's backend, as of 2023.
///
/// It looks like no browser and solves no puzzle: where the service wants that, the refusal is passed on.
package struct ChatGPTDriver: UpstreamDriver {
    let endpoint: ChatGPTEndpoint
    let tokens: AccessTokens
    let defaultModel: String
    let plusModel: String
    let titleTimeout: Duration
    /// How long a busy account is waited for.
    let timeout: Duration
    let limits: ReplyLimits
    private let caps = ModelCaps()

    package init(client: HTTPClient, settings: Settings, tokens: AccessTokens) {
        endpoint = ChatGPTEndpoint(
            client: client, baseURL: settings.openAI.baseURL, paths: settings.openAI.endpoints)
        self.tokens = tokens
        defaultModel = settings.openAI.defaultModel
        plusModel = settings.openAI.plusModel
        titleTimeout = settings.server.titleTimeout
        timeout = settings.server.queueTimeout
        limits = settings.server.replyLimits
    }

    package func send(_ prompt: UpstreamPrompt, to account: Account) async throws(UpstreamError) -> any UpstreamReply {
        let model = prompt.model ?? account.models.first ?? standardModel(of: account)
        if let pause = caps.remaining(model, of: account) { throw .chatGPTModelCap(clearsIn: pause) }
        let thread = prompt.conversation?.upstreamID
        guard prompt.conversation == nil || thread != nil else { throw .chatGPTConversationUnknown }
        let messageID = Identifier.random()
        var parent = prompt.conversation?.turns.last?.id
        var token = try await tokens.token(for: account)
        var retry = ChatGPTRetry(timeout: timeout, isFollowUp: thread != nil)
        var meter = ReplyMeter(limits)
        while true {
            let body = ChatGPTRequest.prompt(
                Self.text(of: prompt), messageID: messageID, model: model, conversation: thread, parent: parent)
            do throws(UpstreamError) {
                let response = try await endpoint.converse(
                    body, as: token, through: account.proxy, totalTimeout: meter.remaining, idleTimeout: limits.idle)
                meter.begin()
                let source = ChatGPTReply.Source(
                    endpoint: endpoint, token: token, proxy: account.proxy, model: model)
                let reply = ChatGPTReply(response, to: messageID, in: thread, from: source, meter: meter)
                try await reply.begin()
                return reply
            } catch {
                if error.upstreamCode == UpstreamError.ChatGPTCode.modelCap, let pause = error.retryAfter {
                    caps.note(model, of: account, for: pause)
                }
                switch retry.step(after: error) {
                case .again(let pause): try await wait(pause)
                case .renewToken: token = try await tokens.token(for: account, replacing: token)
                case .reload:
                    guard let thread,
                        let tail = StoredThread(
                            try await endpoint.conversation(thread, as: token, through: account.proxy)
                        ).tail
                    else { throw error }
                    parent = tail
                case .giveUp:
                    if error.failure == .credential { await tokens.discard(token, of: account) }
                    guard error.kind == .timeout, let thread else { throw error }
                    return try await readBack(messageID, in: thread, token, account, after: error)
                }
            }
        }
    }

    package func title(
        for turn: Turn, of conversation: Conversation, from account: Account, user: String
    ) async throws(UpstreamError) -> UpstreamTitle? {
        guard let thread = conversation.upstreamID else { return nil }
        let text = try await endpoint.title(
            of: thread, after: turn.id, as: try await tokens.token(for: account), through: account.proxy,
            totalTimeout: titleTimeout)
        // The backend makes titles by itself, and nobody pays for them.
        return UpstreamTitle(text: text, usage: TokenUsage(prompt: 0, completion: 0, isEstimated: true))
    }

    /// What the backend lists, as long as there is an access token: for a list nobody signs in.
    package func models(of account: Account) async throws(UpstreamError) -> UpstreamModels {
        guard let token = try await tokens.tokenAtHand(for: account) else { return UpstreamModels([]) }
        return try await endpoint.models(as: token, through: account.proxy)
    }

    package func standardModels(of account: Account) -> [String]? {
        account.isPlus && plusModel != defaultModel ? [plusModel, defaultModel] : [defaultModel]
    }

    private func standardModel(of account: Account) -> String { account.isPlus ? plusModel : defaultModel }

    /// The backend has no system prompt, so one stands in front of the first prompt.
    private static func text(of prompt: UpstreamPrompt) -> String {
        guard prompt.conversation == nil, let system = prompt.system, !system.isEmpty else { return prompt.text }
        return "\(system)\n\n\(prompt.text)"
    }

    /// The answer to a prompt that was taken, but whose answer did not come in time.
    private func readBack(
        _ messageID: String, in thread: String, _ token: AccessToken, _ account: Account, after error: UpstreamError
    ) async throws(UpstreamError) -> any UpstreamReply {
        try await wait(.seconds(2))
        guard
            let answer = try? await endpoint.storedAnswer(
                to: messageID, in: thread, as: token, through: account.proxy)
        else { throw error }
        return WholeReply(
            answer.text,
            UpstreamFinish(
                model: answer.model, finishReason: "stop", messageID: answer.id, conversationID: thread))
    }

    private func wait(_ pause: Duration) async throws(UpstreamError) {
        do { try await Task.sleep(for: pause * Double.random(in: 1...1.2)) } catch {
            throw UpstreamError(.cancelled, .callerFault, "left")
        }
    }
}
