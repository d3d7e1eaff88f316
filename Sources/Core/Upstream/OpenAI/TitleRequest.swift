/// Asks a model for the title of a conversation.
struct TitleRequest: Sendable {
    let turn: Turn
    let model: String?
    let identity: UpstreamIdentity

    /// Enough for a title, and for a short thought before it where the model thinks within its limit.
    private static let limit = 24
    private static let limitWithThoughts = 1024

    /// - Parameter countsThoughts: Whether the limit is named `max_completion_tokens`, which counts reasoning, too.
    func body(countsThoughts: Bool) -> JSON {
        var body = JSONObject()
        if let model { body["model"] = JSON(model) }
        body["messages"] = [
            [
                "role": "system",
                "content": "Give this conversation a title of two to six words. Answer with the title only.",
            ],
            ["role": "user", "content": JSON("\(turn.prompt.prefix(1000))\n\n\(turn.reply.prefix(1000))")],
        ]
        if countsThoughts {
            body["max_completion_tokens"] = JSON(Self.limitWithThoughts)
        } else {
            body["max_tokens"] = JSON(Self.limit)
        }
        body["stream"] = false
        for member in identity.members { body[member.name] = member.value }
        return .object(body)
    }

    /// The title in an answer; nil where there is none, as of a model whose thoughts took all of its tokens.
    static func title(in answer: JSON) -> String? {
        guard let text = answer["choices"]?[0]?["message"]?["content"]?.string else { return nil }
        // Some servers leave thoughts in the text.
        let start = text.drop(while: \.isWhitespace)
        guard start.hasPrefix("<think>") else { return text }
        return start.firstRange(of: "</think>").map { String(start[$0.upperBound...]) }
    }
}
