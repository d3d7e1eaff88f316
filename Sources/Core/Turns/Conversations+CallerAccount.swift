extension Conversations {
    /// Begins a turn on the account that the caller brought along.
    @inline(never)
    func begin(_ ask: Ask, on caller: CallerAccount) async throws -> RunningTurn {
        let startedAt = Timestamp.now
        var conversation = Conversation(
            origin: .accessToken(upstreamUser: caller.upstreamUser), system: ask.system)
        conversation.createdAt = startedAt
        var turnLease: Lease?
        if let id = ask.conversationID {
            (turnLease, conversation) = try await hold(id, for: ask)
            guard case .accessToken(let owner) = conversation.origin else { throw GatewayError.begunWithoutToken }
            guard owner == caller.upstreamUser else { throw GatewayError.begunWithOtherToken }
        }
        let prompt = prompt(of: ask, after: ask.conversationID == nil ? nil : conversation)
        let ticket = watch.enter(ask.user, ask.key)
        let (lease, reply) = try await ticket.run { [dispatcher] in
            try await dispatcher.send(prompt, to: caller, requestID: ask.requestID)
        }
        return RunningTurn(
            conversations: self, ask: ask, conversation: conversation, startedAt: startedAt, lease: lease,
            turnLease: turnLease, reply: reply, ticket: ticket)
    }
}

extension GatewayError {
    /// The words of the Flask server for a token where there was none before; clients know them.
    static let begunWithoutToken = GatewayError(
        .conversationKindMismatch,
        "Conversation found, but was started using a Builtin API Instance. Please remove the Access Token to "
            + "continue the conversation using Builtin API Instance.", parameter: "access_token")

    /// The words of the Flask server for a missing token; clients know them.
    static let begunWithToken = GatewayError(
        .conversationKindMismatch,
        "Conversation found, but was started using an Access Token. Please use the Access Token to continue the "
            + "conversation.", parameter: "access_token")

    static let begunWithOtherToken = GatewayError(
        .conversationKindMismatch,
        "This conversation was begun with the access token of another upstream user and needs one of that user.",
        parameter: "access_token")
}
