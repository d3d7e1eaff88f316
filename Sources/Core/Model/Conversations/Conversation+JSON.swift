extension Conversation {
    /// What is stored where it begins or changes: everything but what each line of it says.
    var head: JSONObject {
        var object = JSONObject()
        if let system { object["system"] = JSON(system) }
        if let upstreamID { object["upstream_id"] = JSON(upstreamID) }
        for member in unknown.members { object[member.name] = member.value }
        return object
    }

    /// The names of the members that are written by ``head``.
    private static let known: Set<String> = ["system", "upstream_id"]

    init(id: ID, title: String, createdAt: Timestamp, origin: Origin, head: JSONObject) {
        self.init(
            id: id, title: title, createdAt: createdAt, origin: origin, system: head["system"]?.string,
            upstreamID: head["upstream_id"]?.string)
        unknown = JSONObject(unchecked: head.members.filter { !Self.known.contains($0.name) })
    }
}

extension Turn {
    /// The turn as it is stored in its line.
    package var line: JSON {
        var object = JSONObject()
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
