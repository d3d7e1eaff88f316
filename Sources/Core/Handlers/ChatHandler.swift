/// `/api/chat` and the form of the chat page: one turn.
package struct ChatHandler: Sendable {
    let authenticator: Authenticator
    let conversations: Conversations
    let defaultPrompt: String?
    let pages: HTMLPage
    let errors: ErrorMapper
    /// The way to the upstream for access tokens that callers bring along.
    let callerProxy: Proxy?

    /// What the caller wants, and in which form.
    private struct Order {
        var ask: Ask
        var isReplyOnly: Bool
        var isPretty: Bool
        var isStream: Bool
    }

    package func respond(to call: Call) async throws -> Response {
        let order = try await order(of: call)
        if order.isStream { return stream(order.ask) }
        let conversation = try await conversations.begin(order.ask).finish()

        guard let turn = conversation.turns.last else { throw GatewayError(.internalError, "The turn was lost.") }
        guard order.isReplyOnly else {
            return .json(ChatReply(conversation, turn, order.ask.user, call.request.id).json)
        }
        let text = turn.reply.isEmpty ? turn.extras.refusal ?? "" : turn.reply
        guard order.isPretty else { return .text(text) }
        return try await pages.reply(text, title: conversation.title, for: order.ask.user.id.digest)
    }

    // Not inlined, so that the thousands that wait for an answer do not hold what it takes.
    @inline(never)
    private func order(of call: Call) async throws -> Order {
        let parameters = call.parameters
        let isReplyOnly = try parameters.bool("reply_only") ?? call.isPage
        let isPretty = try parameters.bool("pretty") ?? call.isPage
        let isStream = try parameters.bool("stream") ?? false
        let prompt = try prompt(of: call)
        let conversationID = try parameters.identifier("conversation_id")
        let pool = try parameters.pool()
        let model = try parameters.text("model")
        try ModelName.check(model)
        let system = try parameters.text("system")
        let callerToken = try parameters.text("access_token").map { token in
            try CallerToken(
                accessToken: token, isPlus: try parameters.bool("user_plus") ?? false, proxy: callerProxy)
        }
        let user = try await authenticator.subject(of: call, isMade: true)
        let ask = Ask(
            user: user, key: try call.principal.key?.digest, prompt: prompt, conversationID: conversationID, pool: pool,
            model: model, system: system,
            callerToken: callerToken, requestID: call.request.id)
        return Order(ask: ask, isReplyOnly: isReplyOnly, isPretty: isPretty, isStream: isStream)
    }

    /// The events `start`, `delta`…, and `done` or `error`; the turn is stored before `done` is sent.
    private func stream(_ ask: Ask) -> Response {
        EventStream.response { stream in
            let requestID = ask.requestID
            let tell = { (error: any Error) in
                let error = errors.callerError(for: error, requestID: requestID)
                try await stream.send("error", error.json(requestID: requestID))
            }
            guard let running = try await stream.begin({ try await conversations.begin(ask) }, orTell: tell) else {
                return
            }
            try await stream.send(
                "start", ["conversation_id": JSON(running.conversation.id), "request_id": JSON(requestID)])
            do {
                let conversation = try await running.finish { event, isFollowed in
                    switch event {
                    case .text(let text): try await stream.hold("delta", ["text": JSON(text)])
                    case .replaced(let text): try await stream.hold("replace", ["text": JSON(text)])
                    default: break
                    }
                    if !isFollowed { try await stream.flush() }
                }
                guard let turn = conversation.turns.last else { return }
                try await stream.send("done", ChatReply(conversation, turn, ask.user, requestID).json)
            } catch {
                // Sending fails by itself where the caller has left.
                try await tell(error)
            }
        }
    }

    private func prompt(of call: Call) throws -> String {
        if let prompt = try call.parameters.text("prompt"), !prompt.allSatisfy(\.isWhitespace) { return prompt }
        guard let defaultPrompt else {
            throw GatewayError(.promptRequired, "The prompt is missing or blank.", parameter: "prompt")
        }
        return defaultPrompt
    }
}
