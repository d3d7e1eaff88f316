/// `/api/remove-conversation` and `/api/rename-conversation`: change our archive only; nothing is sent upstream.
package struct ConversationHandler: Sendable {
    let authenticator: Authenticator
    let store: any Store
    let conversations: Conversations
    let auditLog: AuditLog

    package func remove(_ call: Call) async throws -> Response {
        let (user, id) = try await conversation(of: call)
        try await auditLog.note("remove conversation", of: user, conversation: id, in: call)
        guard try await store.removeConversation(id, of: user.archive) else { throw GatewayError.conversationNotFound }
        return .json(["status": "success", "message": "Conversation removed successfully"])
    }

    package func retitle(_ call: Call) async throws -> Response {
        let (user, id) = try await conversation(of: call)
        guard let text = try call.parameters.text("title") else { throw GatewayError.missing("title") }
        guard let title = Title.clean(text) else {
            throw GatewayError.invalid("title", "a line with at least one letter or digit")
        }
        try await auditLog.note("rename conversation", of: user, conversation: id, in: call)
        try await conversations.retitle(id, of: user, to: title)
        return .json(["status": "success", "conversation_id": JSON(id), "title": JSON(title)])
    }

    /// Whose conversation the call is about, and which.
    private func conversation(of call: Call) async throws -> (user: User, id: Conversation.ID) {
        let user = try await authenticator.subject(of: call)
        if let key = try call.parameters.conversationKey() {
            guard let id = try await store.conversation(withKey: key, of: user.archive) else {
                throw GatewayError.conversationNotFound
            }
            return (user, id)
        }
        guard let id = try call.parameters.identifier("conversation_id") else {
            throw GatewayError.missing("conversation_id")
        }
        return (user, id)
    }
}
