import HTTPTypes

/// `/v1/chat/completions`: the OpenAI API for callers that know nothing of this server but a base URL and a key.
package struct CompletionsHandler: Sendable {
    let authenticator: Authenticator
    let conversations: Conversations
    let repeats: RepeatedRequests
    let errors: ErrorMapper
    let isArchived: Bool

    package func respond(to call: Call) async throws -> Response {
        let body = try call.jsonObject()
        let user = try await authenticator.subject(of: call)
        return try await repeats.respond(to: call, of: user) { recorder in
            try await answer(call, body, user, recorder)
        }
    }

    private func answer(
        _ call: Call, _ body: [JSONText.Member], _ user: User, _ recorder: RepeatedRequests.Recorder?
    ) async throws -> Response {
        let request = try Self.request(body, call)
        if request.isStream { return stream(request, call, user, recorder) }
        let running = try await begin(request, call, user)
        let builder = CompletionBuilder(running)
        let conversation = try await running.finish { event, _ in builder.take(event) }
        let answer = builder.completion(of: conversation)
        try await recorder?.finish(contentType: "application/json", body: answer.bytes)
        return .json(answer)
    }

    private func stream(
        _ request: CompletionRequest, _ call: Call, _ user: User, _ recorder: RepeatedRequests.Recorder?
    ) -> Response {
        EventStream.response { stream in
            let output = RecordedStream(stream, recorder: recorder)
            let tell = { (error: any Error) in
                try await stream.send(data: errors.callerError(for: error, requestID: call.request.id).openAI.bytes)
            }
            guard let running = try await stream.begin({ try await begin(request, call, user) }, orTell: tell) else {
                return
            }
            do {
                let chunks = CompletionChunks(running, wantsUsage: request.wantsUsage)
                let conversation = try await running.finish { event, isFollowed in
                    for chunk in chunks.chunks(for: event) { try await output.hold(chunk.bytes) }
                    if !isFollowed { try await stream.flush() }
                }
                for chunk in chunks.ending(conversation) { try await output.hold(chunk.bytes) }
                try await output.hold(Array("[DONE]".utf8))
                try await stream.flush()
                try await output.finish()
            } catch {
                try await tell(error)
            }
        }
    }

    /// Continues the conversation that the body names, else the one whose thread it sends, else begins one.
    @inline(never)
    private func begin(_ request: CompletionRequest, _ call: Call, _ user: User) async throws -> RunningTurn {
        let named = try call.parameters.identifier("conversation_id")
        if named == nil, let running = try await goOn(request, call, user) { return running }
        return try await conversations.begin(try ask(request, call, user, in: named))
    }

    /// Continues the conversation whose thread the body sends; nil where there is none or it cannot go on.
    ///
    /// A function of its own so that what it holds is gone while the upstream is waited for.
    @inline(never)
    private func goOn(_ request: CompletionRequest, _ call: Call, _ user: User) async throws -> RunningTurn? {
        guard isArchived, let thread = request.thread.before else { return nil }
        do { return try await conversations.begin(try ask(request, call, user, in: nil), after: thread) } catch let
            error
            as GatewayError
        {
            // The caller sent the whole thread, so any account can go on with it.
            let canMoveOn: [GatewayError.Code] = [
                .accountUnavailable, .accountResting, .noAccountAvailable, .conversationBusy, .conversationNotFound,
                .conversationTooLarge, .plusNotAllowed, .upstreamFailed, .modelNotFound,
            ]
            guard canMoveOn.contains(error.code) else { throw error }
            return nil
        }
    }

    private func ask(_ request: CompletionRequest, _ call: Call, _ user: User, in id: Conversation.ID?) throws -> Ask {
        Ask(
            user: user, key: try call.principal.key?.digest, conversationID: id,
            pool: user.hasPlus ? .any : .free,
            model: request["model"]?.string, completion: request, isArchived: isArchived,
            requestID: call.request.id)
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
