/// Turns as the messages of the OpenAI API, for upstreams that want the whole thread with each call.
extension Turn {
    /// The messages of `turns` in a valid order, to stand before `next`.
    ///
    /// An upstream refuses a thread in which a call of a tool has no result, or a result no call. A caller may have
    /// left one unanswered, so such calls and results are left out.
    static func messages(of turns: some Sequence<Turn>, before next: [JSON] = []) -> [JSON] {
        let messages = turns.flatMap(\.messages)
        var kept: [JSON] = []
        for (place, message) in messages.enumerated() {
            switch message["role"]?.string {
            case "assistant":
                let following = messages[(place + 1)...] + next[...]
                if let answered = withAnsweredCalls(message, following: following.prefix(while: isToolResult)) {
                    kept.append(answered)
                }
            case "tool":
                let call = kept.last { $0["role"]?.string != "tool" }
                let isCalled = call?["tool_calls"]?.array?.contains { $0["id"] == message["tool_call_id"] } ?? false
                if isCalled { kept.append(message) }
            default: kept.append(message)
            }
        }
        return kept
    }

    private static func isToolResult(_ message: JSON) -> Bool { message["role"]?.string == "tool" }

    /// The assistant's message with those of its calls that have a result; nil if nothing is left of it.
    private static func withAnsweredCalls(_ message: JSON, following: ArraySlice<JSON>) -> JSON? {
        guard let calls = message["tool_calls"]?.array, var object = message.object else { return message }
        let answered = calls.filter { call in following.contains { $0["tool_call_id"] == call["id"] } }
        object["tool_calls"] = answered.isEmpty ? nil : .array(answered)
        let isEmpty = answered.isEmpty && object["content"]?.string?.isEmpty ?? true && object["refusal"] == nil
        return isEmpty ? nil : .object(object)
    }

    /// The turn's own messages: results of tools, the prompt, the reply.
    private var messages: [JSON] {
        var messages = extras.toolResults.map { result -> JSON in
            guard var object = result.object, let parts = object["content"]?.array else { return result }
            object["content"] = .array(parts.map(MessageParts.sendable))
            return .object(object)
        }
        if !prompt.isEmpty || !extras.promptParts.isEmpty {
            var object = JSONObject()
            object["role"] = "user"
            if let name = extras.promptName { object["name"] = JSON(name) }
            object["content"] =
                extras.promptParts.isEmpty ? JSON(prompt) : .array(extras.promptParts.map(MessageParts.sendable))
            messages.append(.object(object))
        }
        return messages + [Self.assistant(reply, refusal: extras.refusal, calls: extras.toolCalls)]
    }

    /// A message of the assistant.
    ///
    /// Reasoning is not sent back: some upstreams refuse it.
    static func assistant(_ text: String, refusal: String?, calls: [JSON]) -> JSON {
        var object = JSONObject()
        object["role"] = "assistant"
        let functionCall = calls.first { $0["id"] == nil }?["function"]
        let toolCalls = calls.filter { $0["id"] != nil }
        let saysElse = functionCall != nil || !toolCalls.isEmpty || refusal != nil
        object["content"] = text.isEmpty && saysElse ? .null : JSON(text)
        if let refusal { object["refusal"] = JSON(refusal) }
        if let functionCall { object["function_call"] = functionCall }
        if !toolCalls.isEmpty { object["tool_calls"] = .array(toolCalls) }
        return .object(object)
    }
}
