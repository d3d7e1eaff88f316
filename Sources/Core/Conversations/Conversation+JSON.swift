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
        return .object(object)
    }

    /// Puts a conversation together from the lines of its file, later lines over earlier ones.
    ///
    /// - Returns: Nil without a readable header.
    package init?(lines: [JSON]) {
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
        for line in lines.dropFirst() {
            switch line["type"]?.string {
            case "turn": if let turn = Turn(line: line) { turns.append(turn) }
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
        if let model { object["model"] = JSON(model) }
        if let finishReason { object["finish_reason"] = JSON(finishReason) }
        if let usage { object["usage"] = usage.json }
        return .object(object)
    }

    init?(line: JSON) {
        guard let id = line["id"]?.string, let prompt = line["prompt"]?.string, let reply = line["reply"]?.string,
            let startedAt = line["started_at"]?.string.flatMap(Timestamp.init(rfc3339:)),
            let outcome = line["outcome"]?.string.flatMap(Outcome.init)
        else { return nil }
        self.init(
            id: id, prompt: prompt, reply: reply, startedAt: startedAt, outcome: outcome,
            model: line["model"]?.string, finishReason: line["finish_reason"]?.string,
            usage: TokenUsage(json: line["usage"]))
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
