/// What came with a turn beside the texts of prompt and reply, as the OpenAI API has it.
package struct TurnExtras: Sendable, Equatable {
    /// Whether a caller sent the turn along as an earlier one of its thread, so that nothing was asked or counted here.
    package var isGiven = false
    /// The parts of a prompt that is not text alone, see ``MessageParts``.
    package var promptParts: [JSON] = []
    /// The name that the prompt's message bore.
    package var promptName: String?
    /// The results of the calls of the turn before, as messages of the role `tool` or `function`.
    package var toolResults: [JSON] = []
    /// The calls of tools in the reply.
    ///
    /// One without an id is of the older kind `function_call`.
    package var toolCalls: [JSON] = []
    package var refusal: String?
    package var reasoning: String?
    /// The other choices of the reply, each with its `index`.
    package var choices: [JSON] = []
    /// Members of the turn's line that this version does not know.
    package var unknown = JSONObject()
}

extension TurnExtras {
    /// The names of the members that are written by ``Turn/line``.
    private static let known: Set<String> = [
        "type", "id", "prompt", "reply", "started_at", "outcome", "requested_model", "model", "finish_reason", "usage",
        "given", "prompt_parts", "prompt_name", "tool_results", "tool_calls", "refusal", "reasoning", "choices",
    ]

    init(line: JSON) {
        isGiven = line["given"]?.bool ?? false
        promptParts = line["prompt_parts"]?.array ?? []
        promptName = line["prompt_name"]?.string
        toolResults = line["tool_results"]?.array ?? []
        toolCalls = line["tool_calls"]?.array ?? []
        refusal = line["refusal"]?.string
        reasoning = line["reasoning"]?.string
        choices = line["choices"]?.array ?? []
        unknown = JSONObject(unchecked: (line.object?.members ?? []).filter { !Self.known.contains($0.name) })
    }

    /// The members that stand beside prompt and reply wherever a turn is shown; only those that there are.
    var shown: JSONObject {
        var object = JSONObject()
        if isGiven { object["given"] = true }
        if !promptParts.isEmpty { object["prompt_parts"] = .array(promptParts) }
        if let promptName { object["prompt_name"] = JSON(promptName) }
        if !toolResults.isEmpty { object["tool_results"] = .array(toolResults) }
        if !toolCalls.isEmpty { object["tool_calls"] = .array(toolCalls) }
        if let refusal { object["refusal"] = JSON(refusal) }
        if let reasoning { object["reasoning"] = JSON(reasoning) }
        if !choices.isEmpty { object["choices"] = .array(choices) }
        return object
    }
}
