/// `/api/remove-conversation`: removes a conversation from our archive; nothing is sent upstream.
package struct RemoveConversationHandler: Sendable {
    let authenticator: Authenticator
    let store: any Store
    let oversight: Oversight

    package func respond(to call: Call) async throws -> Response {
        let user = try await authenticator.subject(of: call)
        guard let id = try call.parameters.identifier("conversation_id") else {
            throw GatewayError.missing("conversation_id")
        }
        try await oversight.note("remove conversation", of: user, conversation: id, in: call)
        guard try await store.removeConversation(id, of: user.archive) else { throw GatewayError.conversationNotFound }
        return .json(["status": "success", "message": "Conversation removed successfully"])
    }
}
