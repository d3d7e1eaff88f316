/// What a user wants of a turn.
package final class Ask: Sendable {
    package let user: User
    /// The key that the call came with, the user's or that of the client that acts for it.
    package let key: APIKey.Digest?
    package let prompt: String
    /// The conversation to continue; nil begins one.
    package let conversationID: Conversation.ID?
    /// The caller's own name of the conversation: the one of that name is continued, or begun.
    package let conversationKey: String?
    package let pool: AccountPool.Kind
    package let model: String?
    package let system: String?
    /// The request of a caller that speaks the OpenAI API itself; `prompt` is then empty.
    package let completion: CompletionRequest?
    /// False where the operator keeps such calls out of the archive.
    package let isArchived: Bool
    /// What the caller brought along, which is used in place of the pool's.
    package let callerToken: CallerToken?
    package let requestID: String

    package init(
        user: User, key: APIKey.Digest? = nil, prompt: String = "", conversationID: Conversation.ID? = nil,
        conversationKey: String? = nil, pool: AccountPool.Kind = .free,
        model: String? = nil, system: String? = nil, completion: CompletionRequest? = nil, isArchived: Bool = true,
        callerToken: CallerToken? = nil, requestID: String
    ) {
        self.user = user
        self.key = key
        self.prompt = prompt
        self.conversationID = conversationID
        self.conversationKey = conversationKey
        self.pool = pool
        self.model = model
        self.system = system
        self.completion = completion
        self.isArchived = isArchived
        self.callerToken = callerToken
        self.requestID = requestID
    }

    /// No turn that is asked for takes more, which is quicker known than how much it takes: a byte becomes six at most
    /// (`\u0000`), and what stands beside the texts is short.
    var mostStoredBytes: Int {
        let bytes = prompt.utf8.count + (completion?.members.reduce(0) { $0 + $1.value.count } ?? 0)
        return 6 * bytes + 4096
    }

    /// The turn that is asked for, without its reply.
    func turn(startedAt: Timestamp) -> Turn {
        completion?.turn(startedAt: startedAt) ?? Turn(prompt: prompt, reply: "", startedAt: startedAt)
    }
}
