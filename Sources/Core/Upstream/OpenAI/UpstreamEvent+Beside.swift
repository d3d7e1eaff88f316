extension UpstreamEvent {
    /// What a message, or a piece of one, holds beside its text.
    static func beside(_ message: JSON?) -> [UpstreamEvent] {
        var events: [UpstreamEvent] = []
        if let text = message?.reasoning, !text.isEmpty { events.append(.reasoning(text)) }
        if let text = message?["refusal"]?.string, !text.isEmpty { events.append(.refusal(text)) }
        return events
    }
}

extension JSON {
    /// The reasoning in a message: DeepSeek, vLLM and llama.cpp name it `reasoning_content`, OpenRouter and newer
    /// versions of vLLM `reasoning`.
    var reasoning: String? { self["reasoning_content"]?.string ?? self["reasoning"]?.string }
}
