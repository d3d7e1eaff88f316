/// What a user wants of a turn.
package final class TurnRequest: Sendable {
    package let user: User
    /// The key that the call came with, the user's or that of the client that acts for it.
    package let key: APIKey.Digest?
    /// What is kept of that key.
    package let keyRecord: User.Key?
    /// What the call may do, and which group pays.
    package let rights: Rights
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
    package let notices: TurnNotices

    package init(
        user: User, key: APIKey.Digest? = nil, keyRecord: User.Key? = nil, rights: Rights? = nil,
        prompt: String = "", conversationID: Conversation.ID? = nil, conversationKey: String? = nil,
        pool: AccountPool.Kind = .free,
        model: String? = nil, system: String? = nil, completion: CompletionRequest? = nil, isArchived: Bool = true,
        callerToken: CallerToken? = nil, requestID: String,
        notices: TurnNotices = TurnNotices()
    ) {
        self.user = user
        self.key = key
        self.keyRecord = keyRecord
        self.rights = rights ?? Rights(of: user, in: [], keys: [], charged: nil)
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
        self.notices = notices
    }

    /// The group that pays; nil for users without groups.
    package var group: Group.ID? { rights.group?.id }

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
