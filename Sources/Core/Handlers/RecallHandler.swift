import Logging

/// `/api/recall`: a user's conversations, or one of them whole.
package struct RecallHandler: Sendable {
    let authenticator: Authenticator
    let store: any Store
    let oversight: Oversight
    let pages: HTMLPage

    package func respond(to call: Call) async throws -> Response {
        let principal = try await authenticator.principal(of: call)
        let user = try await authenticator.subject(of: principal, in: call)
        guard let id = try call.parameters.identifier("conversation_id") else {
            return try await list(of: user, principal, call)
        }
        let format = try call.parameters.text("format") ?? "seed"
        guard ["seed", "markdown", "json"].contains(format) else {
            throw GatewayError.invalid("format", "markdown or json")
        }
        try await oversight.note("recall", by: principal, of: user, conversation: id, in: call)
        guard let conversation = try await store.conversation(id, of: user.archive) else {
            throw GatewayError.conversationNotFound
        }
        if call.isPage { return .html(pages.reply(conversation.markdown, title: conversation.title)) }
        switch format {
        case "markdown": return export(conversation.markdown, "text/markdown; charset=utf-8", "md", conversation.id)
        case "json": return export(conversation.export.text, "application/json", "json", conversation.id)
        default: return .json(conversation.recall)
        }
    }

    private func list(of user: User, _ principal: Principal, _ call: Call) async throws -> Response {
        let limit = try call.parameters.int("limit", in: 1...1000) ?? 100
        let before = try call.parameters.identifier("before")
        try await oversight.note("list conversations", by: principal, of: user, conversation: nil, in: call)
        let summaries = try await store.conversations(of: user.archive, before: before, limit: limit)
        if call.isPage {
            let facts = summaries.map { (name: $0.title, value: $0.id) }
            return .html(pages.facts(facts, title: facts.isEmpty ? "No conversations yet" : "Conversations"))
        }
        return .json(
            .object(
                JSONObject(
                    unchecked: summaries.map { summary in
                        .init(
                            name: summary.id,
                            value: [
                                "title": JSON(summary.title), "created_at": JSON(summary.createdAt.rfc3339),
                                "updated_at": JSON(summary.updatedAt.rfc3339), "messages": JSON(summary.turns),
                            ])
                    })))
    }

    private func export(_ text: String, _ type: String, _ ending: String, _ id: Conversation.ID) -> Response {
        var response = Response.text(text)
        response.headers[.contentType] = type
        response.headers[.contentDisposition] = "attachment; filename=\"conversation-\(id).\(ending)\""
        return response
    }
}
