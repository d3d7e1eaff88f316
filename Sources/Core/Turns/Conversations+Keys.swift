/// Conversations that callers have named themselves.
extension Conversations {
    /// Continues the conversation that the user has under `key`, or begins it.
    ///
    /// Of several that begin it at the same time, in whatever worker, one does, and the others continue it.
    func begin(_ request: TurnRequest, key: String, on candidates: Candidates) async throws -> RunningTurn {
        if let turn = try await resume(request, key: key) { return turn }
        let right = Right.conversationKey(key, of: request.user.archive)
        guard let lease = try await store.lease(right, timeout: queueTimeout) else {
            throw GatewayError(
                .conversationBusy, "The first message of this conversation is still being answered. Wait for it.")
        }
        // Whoever had it until now may have begun the conversation.
        if let turn = try await resume(request, key: key) { return turn }
        try checkSize(with: request)
        return try await open(request, on: candidates, holding: lease)
    }

    /// - Returns: Nil where there is no conversation of that key, or none any more.
    private func resume(_ request: TurnRequest, key: String) async throws -> RunningTurn? {
        guard let id = try await store.conversation(withKey: key, of: request.user.archive) else { return nil }
        let held: (Lease, Conversation)
        do { held = try await hold(id, for: request) } catch let error as GatewayError
            where error.code == .conversationNotFound
        { return nil }
        return try await continueConversation(held.1, with: request, holding: held.0)
    }
}
