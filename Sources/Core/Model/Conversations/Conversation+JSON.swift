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
        var members: [JSONObject.Member] = []
        members.reserveCapacity(12)
        func add(_ name: String, _ value: JSON) { members.append(.init(name: name, value: value)) }
        add("id", JSON(id))
        add("prompt", JSON(prompt))
        add("reply", JSON(reply))
        add("started_at", JSON(startedAt.rfc3339))
        add("outcome", JSON(outcome.rawValue))
        if let requestedModel { add("requested_model", JSON(requestedModel)) }
        if let model { add("model", JSON(model)) }
        if let finishReason { add("finish_reason", JSON(finishReason)) }
        if let usage { add("usage", usage.json) }
        // Names that are known are not among the unknown ones.
        members += extras.shown.members + extras.unknown.members
        return .object(JSONObject(unchecked: members))
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
