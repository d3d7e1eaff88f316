/// Conversations that callers have named themselves.
extension Conversations {
    /// Continues the conversation that the user has under `key`, or begins it.
    ///
    /// Of several that begin it at the same time, in whatever worker, one does, and the others continue it.
    func begin(_ request: TurnRequest, key: String, on candidates: Candidates) async throws -> RunningTurn {
        if let turn = try await resume(.key(key), with: request) { return turn }
        let right = Right.conversationKey(key, of: request.user.archive)
        guard let lease = try await store.lease(right, timeout: queueTimeout) else {
            throw GatewayError(
                .conversationBusy, "The first message of this conversation is still being answered. Wait for it.")
        }
        // Whoever had it until now may have begun the conversation.
        if let turn = try await resume(.key(key), with: request) { return turn }
        try checkSize(with: request)
        return try await open(request, on: candidates, holding: lease)
    }
}
