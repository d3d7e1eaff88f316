/// A chat completion as a caller asked for it in the OpenAI API; what we do not know in it goes on untouched.
package struct CompletionRequest: Sendable {
    /// The caller's object.
    package var body: JSONObject
    package var isStream: Bool
    /// Whether the caller itself asked for the usage of a stream.
    package var wantsUsage: Bool
    /// What names the thread that its messages are.
    package let thread: Thread

    package init(body: JSONObject, isStream: Bool, wantsUsage: Bool) {
        self.body = body
        self.isStream = isStream
        self.wantsUsage = wantsUsage
        thread = Thread(body["messages"]?.array ?? [])
    }

    /// The messages of the thread.
    package var messages: [JSON] { body["messages"]?.array ?? [] }

    /// The names of a thread, found in one pass over its messages.
    package struct Thread: Sendable {
        /// The digest of the thread that is continued: of all up to the last reply that something follows.
        package let before: String?
        /// Where the messages begin that are new in it.
        let newFrom: Int
        private let whole: ThreadDigest

        init(_ messages: [JSON]) {
            let end = messages.dropLast().lastIndex { $0["role"]?.string == "assistant" }.map { $0 + 1 }
            var digest = ThreadDigest()
            for message in messages[..<(end ?? 0)] { digest.append(message) }
            before = end == nil ? nil : digest.text
            newFrom = end ?? 0
            for message in messages[newFrom...] { digest.append(message) }
            whole = digest
        }

        /// The digest of the thread with `reply` at its end, as the caller will send it back.
        package func with(_ reply: JSON) -> String {
            var digest = whole
            digest.append(reply)
            return digest.text
        }
    }

    /// The text of a message whose content is a string or a list of parts.
    package static func text(of message: JSON?) -> String {
        switch message?["content"] {
        case .string(let text): text
        case .array(let parts): parts.compactMap { $0.string ?? $0["text"]?.string }.joined(separator: "\n")
        default: ""
        }
    }
}
