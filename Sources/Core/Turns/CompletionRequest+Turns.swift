/// The messages of a caller's thread as the turns of a conversation.
extension CompletionRequest {
    /// The new messages of the thread, without those of the system.
    package var newMessages: [JSON] { Self.withoutSystem(messages[thread.newFrom...]) }

    /// The prompts of the system, which the conversation keeps once.
    package var system: String? {
        let texts = messages.filter(Self.isSystem).map(Self.text).filter { !$0.isEmpty }
        return texts.isEmpty ? nil : texts.joined(separator: "\n\n")
    }

    /// What is new in the thread, for upstreams that take a single text.
    package var newText: String {
        let texts = newMessages.map(Self.text).filter { !$0.isEmpty }
        return texts.isEmpty ? Self.text(of: messages.last) : texts.joined(separator: "\n\n")
    }

    /// The thread as one text, for upstreams that take a single message; nil where there is only one.
    package var wholeThread: String? {
        guard messages.count > 1 else { return nil }
        return messages.map { "\($0["role"]?.string ?? "user"): \(Self.text(of: $0))" }.joined(separator: "\n\n")
    }

    /// The turn that the new messages begin, without its reply.
    package func turn(startedAt: Timestamp) -> Turn {
        var turn = Self.turn(of: newMessages, startedAt: startedAt)
        if turn.prompt.isEmpty, turn.extras.toolResults.isEmpty { turn.prompt = Self.text(of: messages.last) }
        turn.requestedModel = body["model"]?.string
        return turn
    }

    /// The turns before the new messages, which the caller sent along; the last of them that fit into `room` bytes.
    package func givenTurns(at time: Timestamp, room: Int) -> [Turn] {
        var turns: [Turn] = []
        var inputs: [JSON] = []
        for message in Self.withoutSystem(messages[..<thread.newFrom]) {
            guard message["role"]?.string == "assistant" else {
                inputs.append(message)
                continue
            }
            var turn = Self.turn(of: inputs, startedAt: time)
            turn.extras.isGiven = true
            ReplyChoice(message: message).put(into: &turn)
            turns.append(turn)
            inputs = []
        }
        var left = room
        let kept = turns.reversed().prefix { turn in
            left -= turn.storedSize
            return left >= 0
        }
        return kept.reversed()
    }

    private static func turn(of inputs: [JSON], startedAt: Timestamp) -> Turn {
        var turn = Turn(prompt: "", reply: "", startedAt: startedAt)
        let results = inputs.filter(isResult)
        let prompts = inputs.filter { !isResult($0) }
        turn.extras.toolResults = results.map(MessageParts.kept(message:))
        turn.prompt = prompts.map(text).filter { !$0.isEmpty }.joined(separator: "\n\n")
        turn.extras.promptParts = prompts.flatMap { MessageParts.kept(of: $0["content"]) }
        turn.extras.promptName = prompts.last?["name"]?.string
        return turn
    }

    private static func withoutSystem(_ messages: ArraySlice<JSON>) -> [JSON] { messages.filter { !isSystem($0) } }

    static func isSystem(_ message: JSON) -> Bool {
        message["role"]?.string == "system" || message["role"]?.string == "developer"
    }

    private static func isResult(_ message: JSON) -> Bool {
        message["role"]?.string == "tool" || message["role"]?.string == "function"
    }
}

extension Turn {
    /// The bytes that its line takes in the conversation's file.
    var storedSize: Int { ChecksummedLine.encode(line).count }
}
