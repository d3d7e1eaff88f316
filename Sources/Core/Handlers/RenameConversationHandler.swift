/// `/api/rename-conversation`: gives a conversation another title, in our archive only.
package struct RenameConversationHandler: Sendable {
    let authenticator: Authenticator
    let conversations: Conversations
    let oversight: Oversight

    package func respond(to call: Call) async throws -> Response {
        let user = try await authenticator.subject(of: call)
        guard let id = try call.parameters.identifier("conversation_id") else {
            throw GatewayError.missing("conversation_id")
        }
        guard let text = try call.parameters.text("title") else { throw GatewayError.missing("title") }
        guard let title = Title.clean(text) else {
            throw GatewayError.invalid("title", "a line with at least one letter or digit")
        }
        try await oversight.note("rename conversation", of: user, conversation: id, in: call)
        try await conversations.retitle(id, of: user, to: title)
        return .json(["status": "success", "conversation_id": JSON(id), "title": JSON(title)])
    }
}
