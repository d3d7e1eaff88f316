/// A chat completion as a caller asked for it in the OpenAI API; what we do not know in it goes on untouched.
///
/// It stays in the caller's bytes: of a long thread only what is new is decoded.
package struct CompletionRequest: Sendable {
    /// The members of the caller's object.
    package let members: [JSONText.Member]
    package var isStream: Bool
    /// The messages of the thread, at least one.
    package let messages: [Message]
    /// What names the thread that its messages are.
    package let thread: Thread

    /// A message as it came, and whose it is.
    package struct Message: Sendable {
        package let json: JSONText
        package let role: String

        var isSystem: Bool { role == "system" || role == "developer" }
        /// What a tool gave back.
        var isResult: Bool { role == "tool" || role == "function" }
        /// The words of its content.
        var text: String {
            let content = json["content"]
            return content?.string ?? content?.elements.map { parts in
                parts.compactMap { $0.string ?? $0["text"]?.string }.joined(separator: "\n")
            } ?? ""
        }
    }

    /// Nil unless there are messages and each has a role.
    package init?(members: [JSONText.Member], isStream: Bool = false) {
        guard let elements = members.first(where: { $0.name == "messages" })?.value.elements else { return nil }
        let messages = elements.compactMap { json in json["role"]?.string.map { Message(json: json, role: $0) } }
        guard !messages.isEmpty, messages.count == elements.count else { return nil }
        self.members = members
        self.isStream = isStream
        self.messages = messages
        thread = Thread(messages)
    }

    package subscript(name: String) -> JSONText? { members.first { $0.name == name }?.value }

    /// Whether the caller itself asked for the usage of a stream.
    package var wantsUsage: Bool { self["stream_options"]?["include_usage"]?.value.bool ?? false }

    /// The names of a thread, found in one pass over its messages.
    package struct Thread: Sendable {
        /// The digest of the thread that is continued: of all up to the last reply that something follows.
        package let before: String?
        /// Where the messages begin that are new in it.
        let newFrom: Int
        private let whole: ThreadDigest

        init(_ messages: [Message]) {
            let end = messages.dropLast().lastIndex { $0.role == "assistant" }.map { $0 + 1 }
            newFrom = end ?? 0
            var digest = ThreadDigest()
            digest.append(messages[..<newFrom].lazy.map(\.json))
            before = end == nil ? nil : digest.text
            digest.append(messages[newFrom...].lazy.map(\.json))
            whole = digest
        }

        /// The digest of the thread with `reply` at its end, as the caller will send it back.
        package func with(_ reply: JSON) -> String {
            var digest = whole
            digest.append(CollectionOfOne(JSONText(reply)))
            return digest.text
        }
    }

    /// The new messages of the thread, without those of the system.
    package var newMessages: [Message] { messages[thread.newFrom...].filter { !$0.isSystem } }

    /// What is new in the thread, for upstreams that take a single text.
    package var newText: String {
        let texts = newMessages.map(\.text).filter { !$0.isEmpty }
        return texts.isEmpty ? messages.last?.text ?? "" : texts.joined(separator: "\n\n")
    }

    /// The thread as one text, for upstreams that take a single message; nil where there is only one.
    package var wholeThread: String? {
        guard messages.count > 1 else { return nil }
        return messages.map { "\($0.role): \($0.text)" }.joined(separator: "\n\n")
    }
}
