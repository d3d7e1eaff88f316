extension Conversations {
    /// Gives a conversation another title.
    ///
    /// It waits for a running turn of the conversation, which knows the old title and would store it again.
    ///
    /// - Throws: ``GatewayError`` 404 where the user has no such conversation, 400 while a turn keeps running.
    func retitle(_ id: Conversation.ID, of user: User, to title: String) async throws {
        guard try await store.conversationSize(id, of: user.archive) != nil else {
            throw GatewayError.conversationNotFound
        }
        let lease = try await turnLease(in: id)
        defer { withExtendedLifetime(lease) {} }
        guard try await store.renameConversation(id, of: user.archive, to: title) else {
            throw GatewayError.conversationNotFound
        }
    }
}
