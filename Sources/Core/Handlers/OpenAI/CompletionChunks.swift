import Synchronization

/// Makes the chunks of a streamed completion: the upstream's own, or ones made of its text.
final class CompletionChunks: Sendable {
    private struct State {
        var isPassedThrough = false
        var hasBegun = false
    }

    private let conversationID: Conversation.ID
    private let id: String
    private let created: Int
    private let wantsUsage: Bool
    private let state = Mutex(State())

    init(_ running: RunningTurn, wantsUsage: Bool) {
        conversationID = running.conversation.id
        id = "chatcmpl-\(Identifier.random())"
        created = running.createdSecond
        self.wantsUsage = wantsUsage
    }

    func chunks(for event: UpstreamEvent) -> [JSON] {
        switch event {
        case .chunk(let chunk): return passed(chunk)
        // A chunk cannot take anything back, so what replaces a text follows it.
        case .replaced(let text): return chunks(for: .text("\n\n" + text))
        case .text(let text):
            let isFirst = state.withLock { state -> Bool in
                defer { state.hasBegun = true }
                return !state.hasBegun
            }
            var delta = JSONObject()
            if isFirst { delta["role"] = "assistant" }
            delta["content"] = JSON(text)
            return [made(delta: .object(delta), finishReason: nil, model: nil)]
        case .completion, .identified, .finished, .refusal, .reasoning: return []
        }
    }

    /// What has to follow where the chunks are ours.
    func ending(_ conversation: Conversation) -> [JSON] {
        guard !state.withLock({ $0.isPassedThrough }), let turn = conversation.turns.last else { return [] }
        var chunks = [made(delta: [:], finishReason: turn.finishReason ?? "stop", model: turn.model)]
        if wantsUsage, let usage = turn.usage, var last = made(delta: [:], finishReason: nil, model: turn.model).object
        {
            last["choices"] = []
            last["usage"] = usage.json
            chunks.append(.object(last))
        }
        return chunks
    }

    /// The upstream's chunk with our one field more, and without a usage that the caller did not ask for.
    private func passed(_ chunk: JSON) -> [JSON] {
        state.withLock { $0.isPassedThrough = true }
        guard var object = chunk.object else { return [] }
        if !wantsUsage {
            if object["usage"]?.isNull == false, object["choices"]?.array?.isEmpty ?? true { return [] }
            object["usage"] = nil
        }
        object["conversation_id"] = JSON(conversationID)
        return [.object(object)]
    }

    private func made(delta: JSON, finishReason: String?, model: String?) -> JSON {
        [
            "id": JSON(id), "object": "chat.completion.chunk", "created": JSON(created),
            "model": JSON(model ?? "unknown"),
            "choices": [["index": 0, "delta": delta, "logprobs": nil, "finish_reason": JSON(finishReason)]],
            "conversation_id": JSON(conversationID),
        ]
    }
}
