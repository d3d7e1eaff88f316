/// Keeps account of who looked at whose conversations.
package struct Oversight: Sendable {
    let store: any Store

    package init(store: any Store) { self.store = store }

    /// Writes to the audit log that an admin reaches into a user's archive, before it does.
    package func note(
        _ action: String, by principal: Principal, of user: User, conversation: Conversation.ID?
    ) async throws {
        guard principal.role == .admin else { return }
        var entry = JSONObject()
        entry["action"] = JSON(action)
        entry["admin"] = JSON(principal.caller.id.userID)
        entry["owner"] = JSON(user.id.owner)
        entry["user_id"] = JSON(user.id.userID)
        if let conversation { entry["conversation_id"] = JSON(conversation) }
        try await store.audit(entry)
    }
}
