/// `/api/chat` and the form of the chat page: one turn.
package struct ChatHandler: Sendable {
    let authenticator: Authenticator
    let conversations: Conversations
    let defaultPrompt: String?
    let pages: HTMLPage

    package func respond(to call: Call) async throws -> Response {
        let principal = try await authenticator.principal(of: call)
        guard principal.role != .admin else {
            throw GatewayError(.notAllowed, "An admin key cannot chat. Add a user and chat with that user's key.")
        }
        let parameters = call.parameters
        let isReplyOnly = try parameters.bool("reply_only") ?? call.isPage
        let isPretty = try parameters.bool("pretty") ?? call.isPage
        let prompt = try prompt(of: call)
        let conversationID = try parameters.identifier("conversation_id")
        let pool = try parameters.pool()
        let model = try parameters.text("model")
        let system = try parameters.text("system")
        let user = try await authenticator.subject(of: principal, in: call) { user in
            try await authenticator.store.addUser(user)
        }

        let conversation = try await conversations.run(
            Ask(
                user: user, prompt: prompt, conversationID: conversationID, pool: pool, model: model, system: system,
                requestID: call.request.id))

        guard let turn = conversation.turns.last else { throw GatewayError(.internalError, "The turn was lost.") }
        guard isReplyOnly else { return .json(ChatReply(conversation, turn, user, call.request.id).json) }
        return isPretty ? .html(pages.reply(turn.reply, title: conversation.title)) : .text(turn.reply)
    }

    private func prompt(of call: Call) throws -> String {
        if let prompt = try call.parameters.text("prompt"), !prompt.allSatisfy(\.isWhitespace) { return prompt }
        guard let defaultPrompt else {
            throw GatewayError(.promptRequired, "The prompt is missing or blank.", parameter: "prompt")
        }
        return defaultPrompt
    }
}
