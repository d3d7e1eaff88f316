/// `/api/chat` and the form of the chat page: one turn.
package struct ChatHandler: Sendable {
    let authenticator: Authenticator
    let conversations: Conversations
    let idempotency: Idempotency
    let defaultPrompt: String?
    let pages: HTMLPage
    let errors: ErrorMapper
    /// The way to the upstream for access tokens that callers bring along.
    let callerProxy: Proxy?

    /// What the caller wants, and in which form.
    private struct Order {
        var request: TurnRequest
        var isReplyOnly: Bool
        var isPretty: Bool
        var isStream: Bool
    }

    package func respond(to call: Call) async throws -> Response {
        let order = try await order(of: call)
        switch try await idempotency.claim(call, of: order.request.user) {
        case .repeated(let response): return response
        case .none where order.isStream: return try await stream(order.request, nil)
        case .none: return try await answer(order, call)
        case .first(let recorder) where order.isStream: return try await stream(order.request, recorder)
        case .first(let recorder):
            let response = try await answer(order, call)
            if case .bytes(let body) = response.body {
                try await recorder.keep(body, contentType: response.headers[.contentType] ?? "")
            }
            return response
        }
    }

    private func answer(_ order: Order, _ call: Call) async throws -> Response {
        let conversation = try await conversations.begin(order.request).finish()

        guard let turn = conversation.turns.last else { throw GatewayError(.internalError, "The turn was lost.") }
        var response = try await answer(order, conversation, turn)
        response.headers.add(order.request.notices.notice)
        return response
    }

    private func answer(_ order: Order, _ conversation: Conversation, _ turn: Turn) async throws -> Response {
        guard order.isReplyOnly else {
            return .json(ChatReply(conversation, turn, order.request.user, order.request.requestID).json)
        }
        let text = turn.reply.isEmpty ? turn.extras.refusal ?? "" : turn.reply
        guard order.isPretty else { return .text(text) }
        return try await pages.reply(text, title: conversation.title, for: order.request.user.id.digest)
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
        let conversationKey = try parameters.conversationKey()
        let pool = try parameters.pool()
        let model = try parameters.text("model")
        try ModelName.check(model)
        let system = try parameters.text("system")
        let callerToken = try parameters.text("access_token").map { token in
            try CallerToken(
                accessToken: token, isPlus: try parameters.bool("user_plus") ?? false, proxy: callerProxy)
        }
        let asker = try await authenticator.asker(
            for: try await authenticator.subject(of: call, isMade: true), in: call)
        let principal = try call.principal
        let request = TurnRequest(
            user: asker.user, key: principal.key?.digest, keyRecord: principal.keys.first, rights: asker.rights,
            prompt: prompt, conversationID: conversationID, conversationKey: conversationKey, pool: pool, model: model,
            system: system,
            callerToken: callerToken, requestID: call.request.id)
        return Order(request: request, isReplyOnly: isReplyOnly, isPretty: isPretty, isStream: isStream)
    }

    /// The events `start`, `delta`…, and `done` or `error`.
    ///
    /// A failure has a status until the upstream has begun to answer, or 15 seconds have passed.
    private func stream(_ request: TurnRequest, _ recorder: Idempotency.Recorder?) async throws -> Response {
        let opening = Pending { [conversations] in try await conversations.begin(request) }
        try await opening.settle(within: EventStream.silence)
        return EventStream.response(notices: request.notices) { writer in
            var stream = EventStream(writer, isKept: recorder != nil)
            do {
                try await send(opening, to: &stream, request)
                try await recorder?.keep(stream.kept ?? [], contentType: EventStream.contentType)
            } catch {
                // Sending fails by itself where the caller has left.
                let error = errors.callerError(for: error, requestID: request.requestID)
                stream.add("error", error.json(requestID: request.requestID))
                try await stream.flush()
            }
        }
    }

    /// The turn is stored before `done` is sent.
    private func send(_ opening: Pending<RunningTurn>, to stream: inout EventStream, _ request: TurnRequest)
        async throws
    {
        let turn = try await stream.value(of: opening)
        do {
            stream.add("start", ["conversation_id": JSON(turn.conversation.id), "request_id": JSON(request.requestID)])
            try await stream.flush()
            while let event = try await turn.next(silence: EventStream.silence) {
                switch event {
                case .text(let text):
                    stream.add { output in
                        output += "event: delta\ndata: {\"text\":\"".utf8
                        output += text.bytes
                        output += "\"}".utf8
                    }
                case .replaced(let text): stream.add("replace", ["text": JSON(text.text)])
                case .silence: try await stream.comment()
                case .passed: break
                }
                try await stream.flush(unless: turn.hasMore)
            }
        } catch { try await turn.interrupt(by: error) }
        let conversation = try await turn.close()
        guard let last = conversation.turns.last else { return }
        stream.add("done", ChatReply(conversation, last, request.user, request.requestID).json)
        try await stream.flush()
    }

    private func prompt(of call: Call) throws -> String {
        if let prompt = try call.parameters.text("prompt"), !prompt.allSatisfy(\.isWhitespace) { return prompt }
        guard let defaultPrompt else {
            throw GatewayError(.promptRequired, "The prompt is missing or blank.", parameter: "prompt")
        }
        return defaultPrompt
    }
}
