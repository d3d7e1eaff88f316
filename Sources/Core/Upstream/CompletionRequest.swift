/// A chat completion as a caller asked for it in the OpenAI API; what we do not know in it goes on untouched.
package struct CompletionRequest: Sendable {
    /// The caller's object.
    package var body: JSONObject
    package var isStream: Bool
    /// Whether the caller itself asked for the usage of a stream.
    package var wantsUsage: Bool

    package init(body: JSONObject, isStream: Bool, wantsUsage: Bool) {
        self.body = body
        self.isStream = isStream
        self.wantsUsage = wantsUsage
    }

    /// The messages of the thread.
    package var messages: [JSON] { body["messages"]?.array ?? [] }

    /// The text of the last message that a person wrote; what the archive keeps as the prompt.
    package var prompt: String {
        Self.text(of: messages.last { $0["role"]?.string == "user" } ?? messages.last)
    }

    /// The thread as one text, for upstreams that take a single message; nil where there is only one.
    package var wholeThread: String? {
        guard messages.count > 1 else { return nil }
        return messages.map { "\($0["role"]?.string ?? "user"): \(Self.text(of: $0))" }.joined(separator: "\n\n")
    }

    /// Names the thread that `messages` are; the same for the same messages whatever else was asked with them.
    ///
    /// Clients send replies back with their members in another order and without those that are null or empty.
    package static func threadDigest(_ messages: [JSON]) -> String {
        let named = ["content", "name", "role", "tool_call_id", "tool_calls"]
        let kept = messages.map { message in
            JSON.object(
                JSONObject(
                    unchecked: named.compactMap { name in
                        guard let value = message[name].map(canonical), !value.isNull, value != "" else { return nil }
                        return .init(name: name, value: value)
                    }))
        }
        return Hex.sha256(JSON.array(kept).bytes)
    }

    /// The value with the members of its objects by name, and without nulls.
    private static func canonical(_ value: JSON) -> JSON {
        switch value {
        case .array(let elements): .array(elements.map(canonical))
        case .object(let object):
            .object(
                JSONObject(
                    unchecked: object.members.filter { !$0.value.isNull }
                        .map { .init(name: $0.name, value: canonical($0.value)) }
                        .sorted { $0.name < $1.name }))
        default: value
        }
    }

    /// The digest of everything before the last message, where that ends with a reply: the thread to continue.
    package var threadBefore: String? {
        guard messages.count > 1, messages.dropLast().contains(where: { $0["role"]?.string == "assistant" }) else {
            return nil
        }
        let end = messages.lastIndex { $0["role"]?.string == "assistant" }.map { $0 + 1 } ?? 0
        return Self.threadDigest(Array(messages[..<end]))
    }

    /// The digest of the thread with `reply` at its end, as the caller will send it back.
    package func thread(with reply: JSON) -> String { Self.threadDigest(messages + [reply]) }

    /// The text of a message whose content is a string or a list of parts.
    package static func text(of message: JSON?) -> String {
        switch message?["content"] {
        case .string(let text): text
        case .array(let parts): parts.compactMap { $0["text"]?.string }.joined(separator: "\n")
        default: ""
        }
    }
}
