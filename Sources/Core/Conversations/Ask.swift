/// What a user wants of a turn.
package struct Ask: Sendable {
    package var user: User
    package var prompt: String
    /// The conversation to continue; nil begins one.
    package var conversationID: Conversation.ID?
    package var pool: AccountPool.Kind
    package var model: String?
    package var system: String?
    /// The request of a caller that speaks the OpenAI API itself; `prompt` is then only its last message's text.
    package var completion: CompletionRequest?
    /// False where the operator keeps such calls out of the archive.
    package var isArchived = true
    /// The account that the caller brought along, which is used in place of the pool's.
    package var callerAccount: CallerAccount?
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
