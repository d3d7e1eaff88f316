/// What remembers: users, keys, conversations, the accounts' shared state and the audit log.
///
/// An acknowledged write is seen by the next request in every worker. Every method may block for a file lock
/// or a sync, so call them from a task on a ``RequestExecutor``. All throw ``StoreError``.
package protocol Store: Sendable {
    /// Whether the state can be read at all; what a health check wants to know.
    func isHealthy() async -> Bool

    // MARK: The life of a process

    /// Begins what a worker needs beside its requests, on threads of its own; returns at once.
    ///
    /// - Parameter retention: How long that stays which goes by itself.
    func start(_ retention: Settings.Retention)
    /// Ends it, when nothing is answered any more.
    func stop()
    /// Removes what killed processes left, and what was kept for long enough, aside; returns at once.
    func maintain(_ retention: Settings.Retention)
    /// What was kept at `now` for as long as the settings say; takes as long as there are such things.
    func outdated(_ retention: Settings.Retention, at now: Timestamp) async throws -> RetentionPlan
    /// Removes that, where it still is to go.
    func carryOut(_ plan: RetentionPlan, at now: Timestamp) async throws
    /// Makes the first admin of an empty store.
    ///
    /// - Returns: The new key, to be shown once; nil if there are users already.
    func createFirstAdmin() async throws -> APIKey?
    /// Gives the admin `admin` a new key and takes the old ones; makes that admin if there is none.
    func replaceAdminKey() async throws -> APIKey
    /// By which upstreams know users; the key of them is made where the store has never had one.
    ///
    /// - Throws: ``StoreError`` where the key is gone or damaged; another is never made in its place.
    func pseudonyms() throws -> Pseudonyms

    // MARK: Users and keys

    func user(_ id: User.ID) async throws -> User?
    /// Who presents `keys`, and whether all of them may act.
    ///
    /// - Parameter user: For whom they act, as it was read some time ago.
    func caller(_ keys: [APIKey.Digest], acting user: User?) async throws -> Caller
    /// Adds a user together with its keys, and gives it a number.
    ///
    /// A user of a client is added only while that very client is there, in line with its removal.
    ///
    /// - Parameter inherits: Whether it takes over what was kept last of the user of its id and owner before.
    func addUser(_ user: User, inherits: Bool) async throws -> UserAddition
    /// Changes a user as one step; keys take effect with it.
    ///
    /// - Parameter user: As it was read some time ago: whoever has its id by now is not changed.
    func updateUser(_ user: User, _ change: UserChange) async throws -> UserUpdate
    /// Removes a user and its keys at once, then its conversations unless they are to be kept.
    ///
    /// The last admin that can act stays. Of a client the users are removed, too, if `withUsers` says so: their keys
    /// are dead at once, and what the call does not get done a sweep does.
    func removeUser(_ user: User, keepConversations: Bool, withUsers: Bool) async throws -> UserRemoval
    /// Up to `limit` archives that outlived their users, those removed last first, older than the one named by `before`.
    func keptArchives(before: String?, limit: Int) async throws -> [KeptArchive]
    func keptArchive(_ digest: String) async throws -> KeptArchive?
    /// All that was kept of users of this id, who may have been several persons; the last removed is first.
    func keptArchives(of user: User.ID) async throws -> [KeptArchive]
    /// Up to `limit` users of `owner` (nil: of all), newest first, older than the user named by `before`.
    func users(ownedBy owner: String?, before: User.ID?, limit: Int) async throws -> [User]
    /// A page of the users that a query finds, and how many it finds.
    func findUsers(_ query: UserQuery) async throws -> UserPage
    /// Every owner under which `userID` exists.
    func owners(of userID: String) async throws -> [String]
    /// When the key was last used, to the hour; nil where that is not known.
    func lastUse(of key: User.Key.ID) async throws -> Timestamp?
    /// Notes that the key is used, at most once an hour; losing that is harmless.
    func noteUse(of key: User.Key.ID, at time: Timestamp) async throws

    // MARK: Groups

    func group(_ id: Group.ID) async throws -> Group?
    /// All groups, by their ids.
    func groups() async throws -> [Group]
    /// The groups of a user that are valid at this moment, in the user's order.
    func validGroups(of user: User) async throws -> [Group]
    /// - Returns: False, with nothing changed, if there is one of that id.
    func addGroup(_ group: Group) async throws -> Bool
    /// Puts a group in place of one that is still as it was read.
    func updateGroup(_ before: Group, to after: Group) async throws -> GroupUpdate
    /// Removes a group, and takes it from all its members.
    ///
    /// - Returns: False if it is not there.
    func removeGroup(_ id: Group.ID) async throws -> Bool
    /// Up to `limit` members of a group, who joined last first, before the one named by `before`.
    func members(of group: Group.ID, before: User.ID?, limit: Int) async throws -> [User]

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
    /// Waits for the right to run a turn of a conversation, then reads it.
    ///
    /// Who names a conversation that another has, or none, waits for nobody.
    ///
    /// - Parameters:
    ///   - limit: The bytes up to which it is read.
    ///   - timeout: Zero asks once.
    /// - Throws: `CancellationError` where the task ends meanwhile.
    func admit(
        to name: Conversation.Name, of user: ArchiveID, atMost limit: Int, timeout: Duration
    ) async throws -> TurnAdmission
    /// Stores what a turn leaves.
    ///
    /// - Returns: False, with nothing but the rows stored, if the user or the conversation is gone by now.
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
    /// The conversation that the user's caller has given this name; nil where there is none, or none any more.
    func conversation(withKey key: String, of user: ArchiveID) async throws -> Conversation.ID?

    // MARK: Accounts

    /// Waits for a free slot of one of the accounts, by turns in one order over all workers.
    ///
    /// Who waits for the same in one worker gets it in the order of asking.
    ///
    /// - Parameter timeout: Zero asks once.
    /// - Throws: `CancellationError` where the task ends meanwhile.
    func reserve(_ choice: AccountChoice, timeout: Duration) async throws -> AccountReservation
    /// Changes what is known of an account by `outcome`, and counts it.
    ///
    /// - Returns: The health after it.
    @discardableResult
    func noteAccount(_ account: Account, _ outcome: AccountOutcome) async throws -> AccountHealth
    func health(of account: Account.ID) async throws -> AccountHealth
    func status(of account: Account.ID) async throws -> AccountStatus

    /// What is known of the models of an account; nil where it was never asked.
    func modelList(of account: Account.ID) async throws -> ModelList?
    /// Replaces it; losing that in a power cut is harmless.
    func keepModelList(_ list: ModelList, of account: Account.ID) async throws

    /// The account's last sign-in; nil before the first.
    func upstreamToken(of account: Account.ID) async throws -> StoredToken?
    func keepUpstreamToken(_ token: StoredToken, of account: Account.ID) async throws
    /// Counts one attempt of `key`, unless it has used up `limit` of them within `period`.
    ///
    /// - Returns: Nil if it may go on, else how long it has to wait.
    func consumeAttempt(of key: APIKey.Digest, limit: Int, within period: Duration) async throws -> Duration?

    // MARK: Limits

    /// Reserves what a call may use of all limits that it meets, or nothing.
    ///
    /// What is used up refuses at once, what others have reserved when it was not given back in time. What a dead
    /// process reserved is given back within a second.
    ///
    /// - Parameter timeout: Zero asks once.
    /// - Throws: `CancellationError` where the task ends meanwhile.
    func reserve(_ claim: LimitClaim, timeout: Duration) async throws -> LimitReservation
    /// How far the limits of a claim are used up.
    func standings(of claim: LimitClaim) async throws -> [LimitStanding]

    // MARK: Rights

    /// Waits for a right that one has at a time; who waits in one worker gets it in the order of asking.
    ///
    /// - Parameter timeout: Zero asks once.
    /// - Returns: Nil where others had it all the time.
    /// - Throws: `CancellationError` where the task ends meanwhile.
    func lease(_ right: Right, timeout: Duration) async throws -> Lease?

    // MARK: Repeated requests

    /// What was answered to the request named by `digest`, at most a day ago.
    func answer(_ digest: String, of archive: ArchiveID) async throws -> IdempotentResponse?
    func storeAnswer(_ answer: IdempotentResponse, as digest: String, of archive: ArchiveID) async throws

    // MARK: Usage

    /// Adds rows of calls without a turn to the ledger.
    ///
    /// - Parameter user: Whom they name.
    func note(_ rows: [UsageRow], by user: User?) async throws
    /// The sums of all rows that are stored by now.
    func usage(_ query: UsageQuery) async throws -> [UsageSum]
    /// The rows of some days, the last days first; only of users of `client`, if that is not nil, and only what `groups`
    /// pay for, if those are not.
    func usageRows(_ days: ClosedRange<Day>, ofClient client: String?, groups: GroupUse?) async throws -> UsageRows
    /// Whom a ``User/ledgerID`` named, also if that user is gone; nil where that is not known any more.
    func usageName(of ledgerID: String) async throws -> UsageName?
    /// Compares rows, totals and archive. Takes as long as there are rows and turns; others are not held up.
    func verifyUsage(_ days: ClosedRange<Day>) async throws -> UsageCheck
    /// Makes the totals anew from the rows.
    func rebuildUsage() async throws

    // MARK: Thresholds

    /// What is needed to tell of thresholds, which one process does at a time.
    ///
    /// - Returns: Nil while another has it; it is free again with the last use of what was given, or with that process.
    func thresholdBook() async throws -> ThresholdBook?

    // MARK: Audit log

    /// Appends an entry to the audit log.
    func audit(_ entry: JSONObject) async throws
    /// Checks that no line of the audit log was changed, put in or taken out.
    func verifyAudit() async throws -> (lines: Int, break: AuditChain.Break?)
}

extension Store {
    package func addUser(_ user: User) async throws -> UserAddition { try await addUser(user, inherits: false) }
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
    /// The caller's name of the conversation, where it begins.
    package var key: String?
    /// What the calls of the turn cost, which is stored before the turn and made durable together with it.
    package var rows: [UsageRow]
    /// Whom the rows name.
    package var user: User?

    package init(
        of conversation: Conversation, in archive: ArchiveID, threadBefore: String? = nil,
        threadsAfter: [String] = [], key: String? = nil, rows: [UsageRow] = [], by user: User? = nil
    ) {
        self.conversation = conversation
        self.archive = archive
        self.threadBefore = threadBefore
        self.threadsAfter = threadsAfter
        self.key = key
        self.rows = rows
        self.user = user
    }
}

/// A conversation that is there.
package struct StoredConversation: Sendable {
    /// In bytes, as it is stored.
    package var size: Int
    /// Nil where it is larger than was asked for.
    package var conversation: Conversation?
}

/// What came of asking for a turn of a conversation.
package enum TurnAdmission: Sendable {
    case admitted(Lease, StoredConversation)
    /// A turn of it ran all the time.
    case busy
    /// The user has none of that name, or none any more.
    case missing
}
