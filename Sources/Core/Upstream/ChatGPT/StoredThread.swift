/// A conversation as the backend stores it: a tree of messages, and the one that is shown last.
struct StoredThread: Sendable {
    private let mapping: JSON
    private let currentNode: String?

    init(_ json: JSON) {
        mapping = json["mapping"] ?? .null
        currentNode = json["current_node"]?.string
    }

    /// The last message shown, if it is a whole answer.
    var lastAnswer: ChatGPTMessage? {
        guard let currentNode, let message = message(at: currentNode), message.isAnswer, isWhole(message) else {
            return nil
        }
        return message
    }

    /// The whole answer that is shown last, if it answers the prompt `id` directly or over tools.
    func answer(to id: String) -> ChatGPTMessage? {
        guard let answer = lastAnswer, let currentNode else { return nil }
        var node = currentNode
        // A turn of tools has a few messages; a circle must not hold us.
        for _ in 0..<64 {
            if node == id { return answer }
            guard let parent = mapping[node]?["parent"]?.string else { return nil }
            node = parent
        }
        return nil
    }

    /// The last message of the thread, whoever wrote it; new messages go below it.
    var tail: String? { lastAnswer?.id }

    /// Stored messages of old have no status and no end mark at all.
    private func isWhole(_ message: ChatGPTMessage) -> Bool {
        (message.isFinished || message.status == nil) && !message.isCut
    }

    private func message(at node: String) -> ChatGPTMessage? {
        mapping[node]?["message"].flatMap(ChatGPTMessage.init)
    }
}
