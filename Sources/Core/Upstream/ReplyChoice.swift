/// One choice of a reply as its pieces put it together.
struct ReplyChoice: Sendable {
    var text = EscapedText()
    var refusal: String?
    private var reasoning: EscapedText?
    var finishReason: String?
    /// The calls of tools by their index, whose pieces come one after the other.
    private var calls: [Int: JSONObject] = [:]

    init() {}

    /// A whole message of an assistant.
    init(message: JSON) {
        add(message)
        text = EscapedText(MessageParts.text(of: message))
        if refusal == nil {
            refusal = message["content"]?.array?.lazy.compactMap { $0["refusal"]?.string }.first
        }
    }

    /// Adds what a message or a piece of one holds.
    mutating func add(_ delta: JSON) {
        if let more = delta["content"]?.string { text.append(more) }
        if let more = delta["refusal"]?.string { refusal = (refusal ?? "") + more }
        if let more = delta.reasoning { add(reasoning: EscapedText(more).bytes) }
        for (place, piece) in (delta["tool_calls"]?.array ?? []).enumerated() {
            add(call: piece, at: piece["index"]?.int ?? place)
        }
        if let call = delta["function_call"], !call.isNull { add(call: ["function": call], at: -1) }
    }

    /// - Parameter more: As ``EscapedText`` has it.
    mutating func add(reasoning more: some Sequence<UInt8>) {
        reasoning = reasoning ?? EscapedText()
        reasoning?.append(more)
    }

    /// What adds up stands in strings; of all other members the last counts.
    private mutating func add(call piece: JSON, at index: Int) {
        var call = calls[index] ?? JSONObject()
        for member in piece.object?.members ?? [] where member.name != "index" && !member.value.isNull {
            guard member.name == "function" || member.name == "custom" else {
                if member.value.isShallow { call[member.name] = member.value }
                continue
            }
            var function = call[member.name]?.object ?? JSONObject()
            for part in member.value.object?.members ?? [] where !part.value.isNull && part.value.isShallow {
                if part.name != "name", let before = function[part.name]?.string, let more = part.value.string {
                    function[part.name] = JSON(before + more)
                } else {
                    function[part.name] = part.value
                }
            }
            if member.name == "function", function["arguments"] == nil { function["arguments"] = "" }
            call[member.name] = .object(function)
        }
        calls[index] = call
    }

    var toolCalls: [JSON] { calls.sorted { $0.key < $1.key }.map { .object($0.value) } }

    var size: Int {
        text.bytes.count + (refusal?.utf8.count ?? 0) + (reasoning?.bytes.count ?? 0)
            + toolCalls.reduce(0) { $0 + $1.textSize }
    }

    var isEmpty: Bool { text.isEmpty && calls.isEmpty && refusal?.isEmpty ?? true && reasoning?.isEmpty ?? true }

    /// The message as the caller will send it back in its next call.
    var message: JSON { Turn.assistant(text.text, refusal: refusal, calls: toolCalls) }

    /// Makes this the reply of `turn`.
    func put(into turn: inout Turn) {
        turn.reply = text.text
        turn.finishReason = finishReason ?? turn.finishReason
        turn.extras.toolCalls = toolCalls
        turn.extras.refusal = refusal?.isEmpty == false ? refusal : nil
        turn.extras.reasoning = reasoning?.isEmpty == false ? reasoning?.text : nil
    }

    /// As an element of a turn's `choices`.
    func json(index: Int) -> JSON {
        var turn = Turn(prompt: "", reply: "", startedAt: Timestamp(microsecondsSinceEpoch: 0))
        put(into: &turn)
        var object = JSONObject()
        object["index"] = JSON(index)
        object["reply"] = JSON(turn.reply)
        if let finishReason { object["finish_reason"] = JSON(finishReason) }
        for member in turn.extras.shown.members { object[member.name] = member.value }
        return .object(object)
    }
}

extension JSON {
    /// The reasoning in a message: DeepSeek, vLLM and llama.cpp name it `reasoning_content`, OpenRouter and newer
    /// versions of vLLM `reasoning`.
    fileprivate var reasoning: String? { self["reasoning_content"]?.string ?? self["reasoning"]?.string }

    /// Whether it is nested so little that our own reader takes it back from a turn's line.
    fileprivate var isShallow: Bool { isNested(lessThan: 24) }

    private func isNested(lessThan depth: Int) -> Bool {
        switch self {
        case .array(let elements): depth > 0 && elements.allSatisfy { $0.isNested(lessThan: depth - 1) }
        case .object(let object): depth > 0 && object.members.allSatisfy { $0.value.isNested(lessThan: depth - 1) }
        default: true
        }
    }
}
