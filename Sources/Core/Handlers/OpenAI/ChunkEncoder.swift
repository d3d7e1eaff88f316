/// Makes the events of a streamed completion: the upstream's own chunks, or ones made of its text.
struct ChunkEncoder {
    private let conversationID: Conversation.ID
    private let id = "chatcmpl-\(Identifier.random())"
    private let created: Int
    private let wantsUsage: Bool
    /// Whether the upstream's own chunks are passed on.
    private(set) var isPassing = false
    private var hasBegun = false

    init(_ turn: RunningTurn, wantsUsage: Bool) {
        conversationID = turn.conversation.id
        created = turn.createdSecond
        self.wantsUsage = wantsUsage
    }

    /// Adds what an event of the turn becomes.
    mutating func encode(_ event: UpstreamEvent, to stream: inout EventStream) {
        switch event {
        case .passed(let chunk):
            isPassing = true
            stream.add { output in
                output += "data: ".utf8
                Self.write(chunk, in: conversationID, to: &output)
            }
        case .text(let text): add(text.text, to: &stream)
        // A chunk cannot take anything back, so what replaces a text follows it.
        case .replaced(let text): add("\n\n" + text.text, to: &stream)
        case .silence: break
        }
    }

    /// Adds what has to follow where the chunks are ours, and the end mark.
    func end(_ conversation: Conversation, to stream: inout EventStream) {
        if !isPassing, let turn = conversation.turns.last {
            stream.add(made(delta: [:], finishReason: turn.finishReason ?? "stop", model: turn.model))
            if wantsUsage, let usage = turn.usage,
                var last = made(delta: [:], finishReason: nil, model: turn.model).object
            {
                last["choices"] = []
                last["usage"] = usage.json
                stream.add(.object(last))
            }
        }
        stream.add { $0 += "data: [DONE]".utf8 }
    }

    private mutating func add(_ text: String, to stream: inout EventStream) {
        var delta = JSONObject()
        if !hasBegun { delta["role"] = "assistant" }
        hasBegun = true
        delta["content"] = JSON(text)
        stream.add(made(delta: .object(delta), finishReason: nil, model: nil))
    }

    private func made(delta: JSON, finishReason: String?, model: String?) -> JSON {
        [
            "id": JSON(id), "object": "chat.completion.chunk", "created": JSON(created),
            "model": JSON(model ?? "unknown"),
            "choices": [["index": 0, "delta": delta, "logprobs": nil, "finish_reason": JSON(finishReason)]],
            "conversation_id": JSON(conversationID),
        ]
    }

    /// The brace and the member that stand in front of those of a chunk.
    private static func open(_ conversation: Conversation.ID, _ output: inout [UInt8]) {
        output += "{\"conversation_id\":".utf8
        JSON(conversation).write(to: &output)
    }

    /// What ``UpstreamReply/passOn(after:with:)`` has to put in front of each chunk.
    var opening: [UInt8] {
        var output: [UInt8] = []
        Self.open(conversationID, &output)
        output.append(UInt8(ascii: ","))
        return output
    }

    /// Writes `object`, as ``UpstreamEvent/passed(_:)`` has it, with the id by which the conversation can be recalled
    /// and continued.
    static func write(_ object: ArraySlice<UInt8>, in conversation: Conversation.ID, to output: inout [UInt8]) {
        open(conversation, &output)
        let members = object.dropFirst()
        let isEmpty = members.first { $0 > 0x20 } == UInt8(ascii: "}")
        if !isEmpty { output.append(UInt8(ascii: ",")) }
        output += members
    }
}
