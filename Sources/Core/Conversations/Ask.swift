/// What a user wants of a turn.
package struct Ask: Sendable {
    package var user: User
    package var prompt: String
    /// The conversation to continue; nil begins one.
    package var conversationID: Conversation.ID?
    package var pool: AccountPool.Kind
    package var model: String?
    package var system: String?
    package var requestID: String

    package init(
        user: User, prompt: String, conversationID: Conversation.ID? = nil, pool: AccountPool.Kind = .free,
        model: String? = nil, system: String? = nil, requestID: String
    ) {
        self.user = user
        self.prompt = prompt
        self.conversationID = conversationID
        self.pool = pool
        self.model = model
        self.system = system
        self.requestID = requestID
    }
}

/// What is told of a turn while it runs.
package enum TurnEvent: Sendable, Equatable {
    /// An upstream has begun to answer; nothing else is tried any more.
    case started(Conversation.ID)
    /// More of the reply's text.
    case text(String)
}
