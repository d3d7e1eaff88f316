import HTTPTypes

/// `/v1/chat/completions`: the OpenAI API for callers that know nothing of this server but a base URL and a key.
package struct CompletionsHandler: Sendable {
    let authenticator: Authenticator
    let conversations: Conversations
    let idempotency: Idempotency
    let errors: ErrorMapper
    let isArchived: Bool

    package func respond(to call: Call) async throws -> Response {
        let body = try call.jsonObject()
        let asker = try await authenticator.asker(for: try await authenticator.subject(of: call), in: call)
        switch try await idempotency.claim(call, of: asker.user) {
        case .repeated(let response): return response
        case .none: return try await answer(call, body, asker, nil)
        case .first(let recorder): return try await answer(call, body, asker, recorder)
        }
    }

    private func answer(
        _ call: Call, _ body: [JSONText.Member], _ asker: Asker, _ recorder: Idempotency.Recorder?
    ) async throws -> Response {
        let request = try Self.request(body, call)
        if request.isStream { return try await stream(request, call, asker, recorder) }
        var whole: ArraySlice<UInt8>?
        let notices = TurnNotices()
        let conversation = try await begin(request, call, asker, notices).finish { event in
            if case .passed(let completion) = event { whole = completion }
        }
        let answer = Self.answer(whole, of: conversation)
        try await recorder?.keep(answer, contentType: "application/json")
        var response = Response.json(answer)
        response.headers.add(notices.notice)
        return response
    }

    /// The upstream's own completion, else one made of its text.
    private static func answer(_ whole: ArraySlice<UInt8>?, of conversation: Conversation) -> [UInt8] {
        var output: [UInt8] = []
        ChunkEncoder.write(whole ?? made(of: conversation).bytes[...], in: conversation.id, to: &output)
        return output
    }

    private static func made(of conversation: Conversation) -> JSON {
        guard let turn = conversation.turns.last else { return [:] }
        return [
            "id": JSON("chatcmpl-\(turn.id)"), "object": "chat.completion",
            "created": JSON(Int(turn.startedAt.microsecondsSinceEpoch / 1_000_000)),
            "model": JSON(turn.model ?? "unknown"),
            "choices": [
                [
                    "index": 0, "message": ["role": "assistant", "content": JSON(turn.reply)], "logprobs": nil,
                    "finish_reason": JSON(turn.finishReason ?? "stop"),
                ]
            ],
            "usage": turn.usage?.json ?? .null,
        ]
    }

    /// A failure has a status until the upstream has begun to answer, or 15 seconds have passed.
    private func stream(
        _ request: CompletionRequest, _ call: Call, _ asker: Asker, _ recorder: Idempotency.Recorder?
    ) async throws -> Response {
        let notices = TurnNotices()
        let opening = Pending { try await begin(request, call, asker, notices) }
        try await opening.settle(within: EventStream.silence)
        return EventStream.response(notices: notices) { writer in
            var stream = EventStream(writer, isKept: recorder != nil)
            do {
                try await send(opening, to: &stream, wantsUsage: request.wantsUsage)
                try await recorder?.keep(stream.kept ?? [], contentType: EventStream.contentType)
            } catch {
                stream.add(errors.callerError(for: error, requestID: call.request.id).openAI)
                try await stream.flush()
            }
        }
    }

    private func send(_ opening: Pending<RunningTurn>, to stream: inout EventStream, wantsUsage: Bool) async throws {
        let turn = try await stream.value(of: opening)
        var encoder = ChunkEncoder(turn, wantsUsage: wantsUsage)
        // Whoever keeps what is sent must see all of it.
        var mayPassOn = stream.kept == nil
        do {
            while let event = try await turn.next(silence: EventStream.silence) {
                if case .silence = event { try await stream.comment() }
                encoder.encode(event, to: &stream)
                try await stream.flush(unless: turn.hasMore)
                // The rest is like the first, and the head is out.
                if mayPassOn, encoder.isPassing {
                    turn.passOn(after: encoder.opening, with: stream.writeAtOnce)
                    mayPassOn = false
                }
            }
        } catch { try await turn.interrupt(by: error) }
        encoder.end(try await turn.close(), to: &stream)
        try await stream.flush()
    }

    /// Continues the conversation that the body names, else the one whose thread it sends, else begins one.
    @inline(never)
    private func begin(
        _ request: CompletionRequest, _ call: Call, _ asker: Asker, _ notices: TurnNotices
    ) async throws -> RunningTurn {
        let named = try call.parameters.identifier("conversation_id")
        if named == nil, let running = try await resume(request, call, asker, notices) { return running }
        return try await conversations.begin(try turnRequest(request, call, asker, notices, in: named))
    }

    /// Continues the conversation whose thread the body sends; nil where there is none or it cannot go on.
    ///
    /// A function of its own so that what it holds is gone while the upstream is waited for.
    @inline(never)
    private func resume(
        _ request: CompletionRequest, _ call: Call, _ asker: Asker, _ notices: TurnNotices
    ) async throws -> RunningTurn? {
        guard isArchived, let thread = request.thread.before else { return nil }
        do {
            return try await conversations.begin(try turnRequest(request, call, asker, notices, in: nil), after: thread)
        } catch let error as GatewayError {
            // The caller sent the whole thread, so any account can go on with it.
            let canMoveOn: [GatewayError.Code] = [
                .accountUnavailable, .accountResting, .noAccountAvailable, .conversationBusy, .conversationNotFound,
                .conversationTooLarge, .plusNotAllowed, .upstreamFailed, .modelNotFound,
            ]
            guard canMoveOn.contains(error.code) else { throw error }
            return nil
        }
    }

    private func turnRequest(
        _ request: CompletionRequest, _ call: Call, _ asker: Asker, _ notices: TurnNotices, in id: Conversation.ID?
    ) throws -> TurnRequest {
        let principal = try call.principal
        return TurnRequest(
            user: asker.user, key: principal.key?.digest, keyRecord: principal.keys.first, rights: asker.rights,
            conversationID: id, pool: asker.user.hasPlus ? .any : .free,
            model: request["model"]?.string, completion: request, isArchived: isArchived,
            requestID: call.request.id, notices: notices)
    }

    private static func request(_ body: [JSONText.Member], _ call: Call) throws -> CompletionRequest {
        guard var request = CompletionRequest(members: body) else {
            throw GatewayError.invalid("messages", "a list of messages, each with a role, and not empty")
        }
        if let model = request["model"], !model.isString { throw GatewayError.invalid("model", "a string") }
        try ModelName.check(request["model"]?.string)
        request.isStream = try call.parameters.bool("stream") ?? false
        return request
    }
}
