/// One message of the ChatGPT web backend, as a stream or a stored conversation shows it at one moment.
///
/// The shape changed over the years: the oldest has a flat `role`, later ones `author` and a `status`.
struct ChatGPTMessage: Sendable, Equatable {
    var id: String
    var role: String
    /// `all`, or the tool that is addressed.
    var recipient: String
    var text: String
    /// Nil where the backend sends none.
    var status: String?
    var endsTurn: Bool
    /// `stop`, `max_tokens` or `interrupted`; `stop` may stand on unfinished snapshots already.
    var finishType: String?
    /// The model that really answers.
    var model: String?

    init?(_ json: JSON) {
        guard let id = json["id"]?.string, let role = json["author"]?["role"]?.string ?? json["role"]?.string else {
            return nil
        }
        self.id = id
        self.role = role
        recipient = json["recipient"]?.string ?? "all"
        text = Self.text(of: json["content"])
        status = json["status"]?.string
        endsTurn = json["end_turn"]?.bool ?? false
        finishType = json["metadata"]?["finish_details"]?["type"]?.string
        model = json["metadata"]?["model_slug"]?.string
    }

    /// Whether it is part of what the user is to read.
    var isAnswer: Bool { role == "assistant" && recipient == "all" }

    var isCut: Bool { finishType == "max_tokens" }
    var isInterrupted: Bool { finishType == "interrupted" }

    /// Whether nothing more is to come of this message.
    var isFinished: Bool { endsTurn || (status.map { $0 != "in_progress" } ?? false) }

    /// Text stands in `parts`, or for code and tool output in `text` or `result`.
    private static func text(of content: JSON?) -> String {
        if let parts = content?["parts"]?.array { return parts.compactMap(\.string).joined() }
        return content?["text"]?.string ?? content?["result"]?.string ?? ""
    }
}
