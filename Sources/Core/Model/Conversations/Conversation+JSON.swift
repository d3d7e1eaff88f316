extension Conversation {
    /// The first line of a conversation's file: everything but the turns.
    package var header: JSON {
        var object = JSONObject()
        object["type"] = "conversation"
        object["id"] = JSON(id)
        object["title"] = JSON(title)
        object["created_at"] = JSON(createdAt.rfc3339)
        switch origin {
        case .account(let id): object["account"] = JSON(id.rawValue)
        case .accessToken(let user): object["upstream_user"] = JSON(user)
        }
        if let system { object["system"] = JSON(system) }
        if let upstreamID { object["upstream_id"] = JSON(upstreamID) }
        for member in unknown.members { object[member.name] = member.value }
        return .object(object)
    }

    /// The names of the members that are written by ``header``.
    private static let known: Set<String> = [
        "type", "id", "title", "created_at", "account", "upstream_user", "system", "upstream_id",
    ]

    /// Puts a conversation together from the lines of its file, later lines over earlier ones.
    ///
    /// - Parameter skip: Told of each turn that cannot be read and is left out.
    /// - Returns: Nil without a readable header.
    package init?(lines: [JSON], skip: (JSON) -> Void = { _ in }) {
        guard let header = lines.first, header["type"]?.string == "conversation", let id = header["id"]?.string,
            let createdAt = header["created_at"]?.string.flatMap(Timestamp.init(rfc3339:))
        else { return nil }
        let origin: Origin
        if let account = header["account"]?.string {
            origin = .account(Account.ID(rawValue: account))
        } else if let user = header["upstream_user"]?.string {
            origin = .accessToken(upstreamUser: user)
        } else {
            return nil
        }
        self.init(
            id: id, title: header["title"]?.string ?? "", createdAt: createdAt, origin: origin,
            system: header["system"]?.string, upstreamID: header["upstream_id"]?.string)
        unknown = JSONObject(unchecked: (header.object?.members ?? []).filter { !Self.known.contains($0.name) })
        for line in lines.dropFirst() {
            switch line["type"]?.string {
            case "turn": if let turn = Turn(line: line) { turns.append(turn) } else { skip(line) }
            case "title": title = line["title"]?.string ?? title
            default: break
            }
        }
    }

    /// A line that gives the conversation another title.
    static func titleLine(_ title: String) -> JSON { ["type": "title", "title": JSON(title)] }
}

extension Turn {
    /// The turn's line in its conversation's file.
    package var line: JSON {
        var object = JSONObject()
        object["type"] = "turn"
        object["id"] = JSON(id)
        object["prompt"] = JSON(prompt)
        object["reply"] = JSON(reply)
        object["started_at"] = JSON(startedAt.rfc3339)
        object["outcome"] = JSON(outcome.rawValue)
        if let requestedModel { object["requested_model"] = JSON(requestedModel) }
        if let model { object["model"] = JSON(model) }
        if let finishReason { object["finish_reason"] = JSON(finishReason) }
        if let usage { object["usage"] = usage.json }
        for member in extras.shown.members + extras.unknown.members { object[member.name] = member.value }
        return .object(object)
    }

    init?(line: JSON) {
        guard let id = line["id"]?.string, let startedAt = line["started_at"]?.string.flatMap(Timestamp.init(rfc3339:)),
            let outcome = Outcome(rawValue: line["outcome"]?.string ?? Outcome.complete.rawValue)
        else { return nil }
        self.init(
            id: id, prompt: line["prompt"]?.string ?? "", reply: line["reply"]?.string ?? "", startedAt: startedAt,
            outcome: outcome, requestedModel: line["requested_model"]?.string, model: line["model"]?.string,
            finishReason: line["finish_reason"]?.string, usage: TokenUsage(json: line["usage"]),
            extras: TurnExtras(line: line))
    }
}

extension Conversation.Summary {
    /// The entry in the list of a user's conversations.
    var entry: JSON {
        [
            "title": JSON(title), "created_at": JSON(createdAt.rfc3339), "updated_at": JSON(updatedAt.rfc3339),
            "turns": JSON(turns),
        ]
    }

    init?(id: String, entry: JSON) {
        guard let title = entry["title"]?.string, let turns = entry["turns"]?.int,
            let createdAt = entry["created_at"]?.string.flatMap(Timestamp.init(rfc3339:)),
            let updatedAt = entry["updated_at"]?.string.flatMap(Timestamp.init(rfc3339:))
        else { return nil }
        self.init(id: id, title: title, createdAt: createdAt, updatedAt: updatedAt, turns: turns)
    }
}
