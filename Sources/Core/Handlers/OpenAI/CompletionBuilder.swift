import Synchronization

/// Makes the answer to a completion that is not streamed: the upstream's own, or one made of its text.
final class CompletionBuilder: Sendable {
    private struct State {
        var whole: JSONObject?
    }

    private let created: Int
    private let state = Mutex(State())

    init(_ running: RunningTurn) { created = running.createdSecond }

    func take(_ event: UpstreamEvent) {
        if case .completion(let completion) = event { state.withLock { $0.whole = completion.object } }
    }

    /// The answer, with the id under which the conversation can be recalled and continued.
    func completion(of conversation: Conversation) -> JSON {
        var object = state.withLock { $0.whole } ?? made(of: conversation)
        object["conversation_id"] = JSON(conversation.id)
        return .object(object)
    }

    private func made(of conversation: Conversation) -> JSONObject {
        guard let turn = conversation.turns.last else { return JSONObject() }
        var object = JSONObject()
        object["id"] = JSON("chatcmpl-\(turn.id)")
        object["object"] = "chat.completion"
        object["created"] = JSON(created)
        object["model"] = JSON(turn.model ?? "unknown")
        object["choices"] = [
            [
                "index": 0, "message": ["role": "assistant", "content": JSON(turn.reply)], "logprobs": nil,
                "finish_reason": JSON(turn.finishReason ?? "stop"),
            ]
        ]
        object["usage"] = turn.usage?.json ?? .null
        return object
    }
}
