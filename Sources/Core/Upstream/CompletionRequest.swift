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

    /// The text of a message whose content is a string or a list of parts.
    package static func text(of message: JSON?) -> String {
        switch message?["content"] {
        case .string(let text): text
        case .array(let parts): parts.compactMap { $0["text"]?.string }.joined(separator: "\n")
        default: ""
        }
    }
}
