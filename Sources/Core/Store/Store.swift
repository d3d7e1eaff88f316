/// What remembers: users, keys, conversations, the accounts' shared state and the audit log.
///
/// An acknowledged write is seen by the next request in every worker. Every method may block for a file lock
/// or a sync, so call them from a task on a ``RequestExecutor``. All throw ``StoreError``.
package protocol Store: Sendable {
    /// Whether the state can be read at all; what a health check wants to know.
    func isHealthy() async -> Bool

    // MARK: Users and keys

    func user(_ id: User.ID) async throws -> User?
    /// The user whose key has this digest and is still listed in the user's record.
    func user(withKey digest: APIKey.Digest) async throws -> User?
    /// Adds a user together with its keys, and gives it a number.
    ///
    /// A user of a client is added only while that very client is there, in line with its removal.
    ///
    /// - Parameter inherits: Whether it takes over what was kept last of the user of its id and owner before.
    func addUser(_ user: User, inherits: Bool) async throws -> UserAddition
    /// Changes a user under the lock of its record. Added and removed keys take effect with the record.
    ///
    /// - Returns: The user after the change; nil if there is none, `change` said false, or no admin would be left.
    func updateUser(_ id: User.ID, _ change: @Sendable (inout User) -> Bool) async throws -> User?
    /// Removes a user and its keys at once, then its conversations unless they are to be kept.
    ///
    /// The last admin that can act stays. Of a client the users are removed, too, if `withUsers` says so: their keys
    /// are dead at once, and what the call does not get done a sweep does.
    func removeUser(_ user: User, keepConversations: Bool, withUsers: Bool) async throws -> UserRemoval
    /// Whether the user, as it was read some time ago, may act at this moment.
    func standing(of user: User) async throws -> UserStanding
    /// Whether a turn for `user` may go on: the user may act, and so may the holder of the key that was called with.
    func mayGoOn(_ user: User, calledWith key: APIKey.Digest?) async throws -> UserStanding
    /// Up to `limit` archives that outlived their users, those removed last first, older than the one named by `before`.
    func keptArchives(before: String?, limit: Int) async throws -> [KeptArchive]
    func keptArchive(_ digest: String) async throws -> KeptArchive?
    /// All that was kept of users of this id, who may have been several persons; the last removed is first.
    func keptArchives(of user: User.ID) async throws -> [KeptArchive]
    /// Up to `limit` users of `owner` (nil: of all), newest first, older than the user named by `before`.
    func users(ownedBy owner: String?, before: User.ID?, limit: Int) async throws -> [User]
    /// Every owner under which `userID` exists.
    func owners(of userID: String) async throws -> [String]

    // MARK: Conversations

    /// The conversation with all its turns, where it takes `limit` bytes at most; nil if this user has none of that id.
    func conversation(
        _ id: Conversation.ID, of user: ArchiveID, atMost limit: Int
    ) async throws -> StoredConversation?
    /// The bytes that the conversation takes; nil if this user has none of that id.
    func conversationSize(_ id: Conversation.ID, of user: ArchiveID) async throws -> Int?
    /// The same to be read turn by turn, for those that may be too large to hold.
    func openConversation(_ id: Conversation.ID, of user: ArchiveID) async throws -> ConversationFile?
    /// Up to `limit` summaries, newest first, older than the conversation named by `before`.
    func conversations(of user: ArchiveID, before: Conversation.ID?, limit: Int) async throws -> [Conversation.Summary]
    /// Stores what a turn leaves, all of it or nothing.
    ///
    /// - Returns: False, with nothing stored, if the user or the conversation is gone by now.
    func finish(_ end: TurnEnd) async throws -> Bool
    /// Stores a whole conversation that another program kept.
    ///
    /// - Returns: False, with nothing changed, if the user is not there or has a conversation of that id.
    func importConversation(_ conversation: Conversation, of user: ArchiveID) async throws -> Bool
    /// Gives a conversation another title; the right to run its turn must be held.
    ///
    /// - Returns: False, with nothing changed, if the user has none of that id.
    func renameConversation(_ id: Conversation.ID, of user: ArchiveID, to title: String) async throws -> Bool
    func removeConversation(_ id: Conversation.ID, of user: ArchiveID) async throws -> Bool
    /// The conversation whose thread of messages has this digest; nil if none is known.
    func conversation(withThread digest: String, of user: ArchiveID) async throws -> Conversation.ID?
    /// The right to run the one turn that may run in a conversation; nil while somebody else has it.
    func leaseTurn(in conversation: Conversation.ID) async throws -> Lease?

    // MARK: Accounts

    func health(of account: Account.ID) async throws -> AccountHealth
    /// Changes an account's health under a lock; nothing is written if `change` changes nothing.
    func updateHealth(of account: Account.ID, _ change: @Sendable (inout AccountHealth) -> Void) async throws
    /// Reserves the first account with a free slot, in the order that `choose` gives.
    ///
    /// `choose` gets the last reserved id of the round `cursor` and every health record. The account that is
    /// taken becomes the round's last reserved one, all under one lock over all workers.
    ///
    /// - Returns: The account's id and, where it has a limit, its slot; nil if none of them has a free slot.
    func reserveAccount(
        cursor: String, among accounts: [Account],
        choose: @Sendable (_ last: Account.ID?, [Account.ID: AccountHealth]) -> [Account]
    ) async throws -> (account: Account, slot: Lease?)?
    /// Counts one more.
    func count(_ what: AccountCount, of account: Account.ID) async throws
    /// How often it was counted.
    func total(_ what: AccountCount, of account: Account.ID) async throws -> Int
    /// How many turns run on an account now, over all workers.
    func turnsInFlight(on account: Account) async throws -> Int
    /// Takes a slot of one account; `isFull` where it has a limit and all are taken.
    func reserveSlot(of account: Account) async throws -> SlotReservation

    /// What is known of the models of an account; nil where it was never asked.
    func modelList(of account: Account.ID) async throws -> ModelList?
    /// Replaces it; losing that in a power cut is harmless.
    func keepModelList(_ list: ModelList, of account: Account.ID) async throws
    /// The right to ask an account for its models; nil while somebody else does.
    func leaseModelList(of account: Account.ID) async throws -> Lease?

    /// The right to find out whether a suspect account is well; nil while somebody else does.
    func leaseProbe(of account: Account.ID) async throws -> Lease?

    // MARK: Repeated requests

    /// The right to answer the request named by `digest`; nil while somebody else has it.
    func leaseAnswer(_ digest: String) async throws -> Lease?
    /// What was answered to the request named by `digest`, at most a day ago.
    func answer(_ digest: String, of archive: ArchiveID) async throws -> StoredAnswer?
    func storeAnswer(_ answer: StoredAnswer, as digest: String, of archive: ArchiveID) async throws

    /// The account's last sign-in; nil before the first.
    func upstreamToken(of account: Account.ID) async throws -> StoredToken?
    func keepUpstreamToken(_ token: StoredToken, of account: Account.ID) async throws
    /// The right to sign in to an account; nil while somebody else does.
    func leaseSignIn(of account: Account.ID) async throws -> Lease?
    /// The right to send the one message at a time that a caller's own upstream user may send.
    func leaseUpstreamUser(_ user: String) async throws -> Lease?
    /// Counts one try of `key`, unless it has used up `limit` tries within `period`.
    ///
    /// - Returns: Nil if it may try, else how long it has to wait.
    func countTry(of key: APIKey.Digest, limit: Int, within period: Duration) async throws -> Duration?

    // MARK: Oversight

    /// Appends an entry to the audit log.
    func audit(_ entry: JSONObject) async throws
}

extension Store {
    package func addUser(_ user: User) async throws -> UserAddition { try await addUser(user, inherits: false) }
}

/// The outcome of asking for a slot on one account.
package enum SlotReservation: Sendable {
    case taken(Lease)
    case full
}

/// What a turn leaves to be stored.
package struct TurnEnd: Sendable {
    /// With the turn as its last; as it was read, else, where it is new, with all that is to be stored.
    package var conversation: Conversation
    package var archive: ArchiveID
    /// The thread of messages that named the conversation and does so no more.
    package var threadBefore: String?
    /// The threads that name it from now on, one for each choice that the caller may go on with.
    package var threadsAfter: [String]
    /// Lines of other kinds, each with its `type`, which are stored with the turn or not at all.
    package var rows: [JSON]

    package init(
        of conversation: Conversation, in archive: ArchiveID, threadBefore: String? = nil,
        threadsAfter: [String] = [], rows: [JSON] = []
    ) {
        self.conversation = conversation
        self.archive = archive
        self.threadBefore = threadBefore
        self.threadsAfter = threadsAfter
        self.rows = rows
    }
}

/// A conversation that is there.
package struct StoredConversation: Sendable {
    /// In bytes, as it is stored.
    package var size: Int
    /// Nil where it is larger than was asked for.
    package var conversation: Conversation?
}
