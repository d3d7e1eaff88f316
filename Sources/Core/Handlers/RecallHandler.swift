import HTTPTypes
import Logging

/// `/api/recall`: a user's conversations, or one of them whole.
package struct RecallHandler: Sendable {
    let authenticator: Authenticator
    let store: any Store
    let auditLog: AuditLog
    let pages: HTMLPage

    /// How many conversations a list without `limit` has.
    private static let most = 10_000
    /// Pages of conversations up to this size are rendered; larger ones show the text.
    private static let rendered = 64 << 10

    package func respond(to call: Call) async throws -> Response {
        let user = try await authenticator.subject(of: call)
        guard let id = try call.parameters.identifier("conversation_id") else {
            return try await list(of: user, call)
        }
        guard let format = RecallFormat(rawValue: try call.parameters.text("format") ?? "seed"), format != .page else {
            throw GatewayError.invalid("format", "markdown or json")
        }
        let limit = try call.parameters.int("turns_limit", in: 1...100_000)
        let before = try call.parameters.identifier("turns_before")
        try await auditLog.note("recall", of: user, conversation: id, in: call)
        guard let file = try await store.openConversation(id, of: user.archive) else {
            throw GatewayError.conversationNotFound
        }
        var turns = file.turns[...]
        if let before {
            guard let end = turns.firstIndex(where: { $0.id == before }) else {
                throw GatewayError.invalid("turns_before", "the id of one of the conversation's turns")
            }
            turns = turns[..<end]
        }
        if let limit { turns = turns.suffix(limit) }
        let caller = try call.principal.caller.id.digest
        var response: Response
        if call.isPage, file.turns.reduce(0, { $0 + $1.size }) <= Self.rendered {
            var conversation = file.conversation
            conversation.turns = try turns.compactMap { try file.turn(at: $0) }
            response = try await pages.reply(conversation.markdown, title: conversation.title, for: caller)
        } else {
            let form = call.isPage ? RecallFormat.page : format
            let stream = RecallStream(file: file, turns: turns, format: form, pages: pages, caller: caller)
            response = Response(status: .ok, headers: form.headers(of: id), body: .stream(stream.write))
        }
        if turns.startIndex > 0, let first = turns.first {
            response.headers[.link] = next(after: call, "turns_before", first.id)
        }
        return response
    }

    private func list(of user: User, _ call: Call) async throws -> Response {
        let limit = try call.parameters.int("limit", in: 1...1000) ?? Self.most
        let before = try call.parameters.identifier("before")
        try await auditLog.note("list conversations", of: user, conversation: nil, in: call)
        // One more than is told says whether there are more.
        let found = try await store.conversations(of: user.archive, before: before, limit: limit + 1)
        let summaries = found.prefix(limit)
        var response: Response
        if call.isPage {
            let facts = summaries.map { (name: $0.title, value: $0.id) }
            response = .html(pages.facts(facts, title: facts.isEmpty ? "No conversations yet" : "Conversations"))
        } else {
            response = Response(
                status: .ok, headers: RecallFormat.seed.headers(of: ""), body: .bytes(Self.json(summaries)))
        }
        if found.count > limit, let last = summaries.last {
            response.headers[.link] = next(after: call, "before", last.id)
        }
        return response
    }

    /// Written piece by piece: ten thousand summaries as values would take many times their text.
    private static func json(_ summaries: ArraySlice<Conversation.Summary>) -> [UInt8] {
        var bytes = [UInt8(ascii: "{")]
        for summary in summaries {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            JSON(summary.id).write(to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            let value: JSON = [
                "title": JSON(summary.title), "created_at": JSON(summary.createdAt.rfc3339),
                "updated_at": JSON(summary.updatedAt.rfc3339), "messages": JSON(summary.turns),
            ]
            value.write(to: &bytes)
        }
        return bytes + [UInt8(ascii: "}")]
    }

    /// The `Link` to the next page (RFC 8288): the same request, without its key, from another place on.
    private func next(after call: Call, _ name: String, _ value: String) -> String {
        let parameters = call.parameters
        var query: [String] = []
        for name in ["conversation_id", "user_id", "owner", "archive", "format"] {
            if let value = try? parameters.identifier(name) { query.append("\(name)=\(value)") }
        }
        for name in ["limit", "turns_limit"] {
            if let value = try? parameters.int(name, in: 1...Int.max) { query.append("\(name)=\(value)") }
        }
        query.append("\(name)=\(value)")
        return "<\(pages.basePath.dropLast())\(call.request.path)?\(query.joined(separator: "&"))>; rel=\"next\""
    }
}

extension RecallFormat {
    /// Of an answer with the conversation `id`.
    fileprivate func headers(of id: Conversation.ID) -> HTTPFields {
        var headers: HTTPFields = [.cacheControl: "no-store"]
        switch self {
        case .seed: headers[.contentType] = "application/json"
        case .page: headers[.contentType] = "text/html; charset=utf-8"
        case .json, .markdown:
            let ending = self == .json ? "json" : "md"
            headers[.contentType] = self == .json ? "application/json" : "text/markdown; charset=utf-8"
            headers[.contentDisposition] = "attachment; filename=\"conversation-\(id).\(ending)\""
        }
        return headers
    }
}
