/// The messages of a caller's thread as the turns of a conversation.
extension CompletionRequest {
    /// The prompts of the system, which the conversation keeps once.
    package var system: String? {
        let texts = messages.filter(\.isSystem).map(\.text).filter { !$0.isEmpty }
        return texts.isEmpty ? nil : texts.joined(separator: "\n\n")
    }

    /// The turn that the new messages begin, without its reply.
    package func turn(startedAt: Timestamp) -> Turn {
        var turn = Self.turn(of: newMessages, startedAt: startedAt)
        if turn.prompt.isEmpty, turn.extras.toolResults.isEmpty { turn.prompt = messages.last?.text ?? "" }
        turn.requestedModel = self["model"]?.string
        return turn
    }

    /// Whether the caller sent turns along.
    var hasGivenTurns: Bool { thread.newFrom > 0 }

    /// The turns before the new messages, which the caller sent along; the last of them that fit into `room` bytes.
    ///
    /// Taken from the end, so that those that do not fit are not decoded.
    package func givenTurns(at time: Timestamp, room: Int) -> [Turn] {
        var turns: [Turn] = []
        var left = room
        // What stands after the last reply is new, and so no turn that was given.
        var given = messages[..<thread.newFrom].filter { !$0.isSystem }[...]
        while let reply = given.popLast() {
            let start = given.lastIndex { $0.role == "assistant" }.map { $0 + 1 } ?? given.startIndex
            var turn = Self.turn(of: Array(given[start...]), startedAt: time)
            given = given[..<start]
            turn.extras.isGiven = true
            ReplyChoice(message: reply.json.value).put(into: &turn)
            left -= turn.storedSize
            guard left >= 0 else { break }
            turns.append(turn)
        }
        return turns.reversed()
    }

    private static func turn(of inputs: [Message], startedAt: Timestamp) -> Turn {
        var turn = Turn(prompt: "", reply: "", startedAt: startedAt)
        let prompts = inputs.filter { !$0.isResult }
        turn.extras.toolResults = inputs.filter(\.isResult).map { MessageParts.kept(message: $0.json.value) }
        turn.prompt = prompts.map(\.text).filter { !$0.isEmpty }.joined(separator: "\n\n")
        turn.extras.promptParts = prompts.flatMap { prompt -> [JSON] in
            guard let content = prompt.json["content"], !content.isString else { return [] }
            return MessageParts.kept(of: content.value)
        }
        turn.extras.promptName = prompts.last?.json["name"]?.string
        return turn
    }
}

extension Turn {
    /// The bytes that its line takes in the conversation's file.
    var storedSize: Int { ChecksummedLine.size(of: line) }
}
