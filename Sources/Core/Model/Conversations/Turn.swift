/// A prompt with its reply.
package struct Turn: Sendable, Equatable {
    package enum Outcome: String, Sendable {
        case complete
        /// The caller left or stopped; the reply is what had come by then.
        case interrupted
        /// The upstream broke off; the reply is what had come by then.
        case truncated
    }

    /// The id of the reply's message.
    package var id: String
    package var prompt: String
    package var reply: String
    package var startedAt: Timestamp
    package var outcome: Outcome
    /// The model that was asked for; nil where the choice was left to the account.
    package var requestedModel: String?
    /// The model that answered, as the upstream named it: often a snapshot that cannot be asked for.
    package var model: String?
    package var finishReason: String?
    package var usage: TokenUsage?
    /// What came beside the texts of prompt and reply.
    package var extras: TurnExtras

    package init(
        id: String = Identifier.random(), prompt: String, reply: String, startedAt: Timestamp,
        outcome: Outcome = .complete, requestedModel: String? = nil, model: String? = nil,
        finishReason: String? = nil, usage: TokenUsage? = nil, extras: TurnExtras = TurnExtras()
    ) {
        self.id = id
        self.prompt = prompt
        self.reply = reply
        self.startedAt = startedAt
        self.outcome = outcome
        self.requestedModel = requestedModel
        self.model = model
        self.finishReason = finishReason
        self.usage = usage
        self.extras = extras
    }
}
