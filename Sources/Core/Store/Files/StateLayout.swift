/// The names of everything in the state directory.
///
/// No other file knows them.
struct StateLayout: Sendable {
    let root: String

    static let version = 2

    var format: String { "\(root)/format.json" }
    var locks: String { "\(root)/locks" }
    var trash: String { "\(root)/trash" }
    var audit: String { "\(root)/audit.jsonl" }
    var adminKey: String { "\(root)/admin-key.txt" }
    var pseudonymKey: String { "\(root)/secrets/pseudonym.key" }
    var accounts: String { "\(root)/accounts" }
    var accountsPage: String { "\(accounts)/page" }
    var limitsTable: String { "\(root)/limits/table" }
    /// Of the version before.
    var rotation: String { "\(accounts)/rotation.json" }

    /// The directories that are made where they are missing, at every start.
    var areas: [String] {
        [
            "locks", "trash", "accounts", "users", "users/lists", "keys", "groups", "conversations", "answers",
            "journals", "removals", "usage", "usage/rows", "usage/thresholds", "limits", "secrets",
        ]
        .map { "\(root)/\($0)" }
    }

    /// Whom the ledger's rows name, a file for each; apart from ``areas``, because it grows with the users.
    var usageNames: String { "\(root)/usage/names" }

    func usageName(_ ledgerID: String) -> String { "\(usageNames)/\(ledgerID).json" }

    /// The ledger: a directory for each day, in it a file for each writer.
    var usageRows: String { "\(root)/usage/rows" }

    /// Derived from the rows.
    var usageTotals: String { "\(root)/usage/totals.db" }

    /// Held by whoever folds rows in regularly.
    var usageLease: String { "\(locks)/usage.lease" }

    /// Which thresholds of limits were noticed, and what is still to be told of them.
    var thresholds: String { "\(root)/usage/thresholds/log.jsonl" }

    /// Held by whoever tells of thresholds.
    var thresholdsLease: String { "\(locks)/thresholds.lease" }

    /// The directories over which records are spread, made at the first start.
    var shards: [String] {
        ["users", "keys", "conversations"].flatMap { area in
            (0..<256).map { "\(root)/\(area)/\(Hex.encode([UInt8($0)]))" }
        }
    }

    /// Where the records are whose digests begin with the byte `number`.
    func users(_ number: Int) -> String { "\(root)/users/\(Hex.encode([UInt8(truncatingIfNeeded: number)]))" }

    func user(_ digest: String) -> String { sharded("/users/", digest, ".json") }

    func key(_ digest: APIKey.Digest) -> String { sharded("/keys/", digest, ".json") }

    /// Says when the key was last used.
    func keyUse(_ id: User.Key.ID) -> String { sharded("/keys/", id, ".used") }

    var groups: String { "\(root)/groups" }

    func group(_ id: Group.ID) -> String { "\(groups)/\(id).json" }

    func memberList(_ group: Group.ID) -> String { "\(root)/users/lists/group-\(Hex.sha256(group)).jsonl" }

    /// `root/users/12/1234….json`.
    ///
    /// Each request asks for several such paths, and appending the parts to a string takes ten times as long.
    private func sharded(_ area: StaticString, _ digest: String, _ end: StaticString = "") -> String {
        let count = root.utf8.count + area.utf8CodeUnitCount + 3 + digest.utf8.count + end.utf8CodeUnitCount
        return String(unsafeUninitializedCapacity: count) { output in
            var place = 0
            func add(_ bytes: UnsafeBufferPointer<UInt8>) {
                place = output[place...].update(fromContentsOf: bytes)
            }
            func add(_ text: StaticString) { text.withUTF8Buffer(add) }
            func add(_ text: String) {
                var text = text
                text.withUTF8(add)
            }
            add(root)
            add(area)
            var digest = digest
            digest.withUTF8 { add($0.extracting(..<min(2, $0.count))) }
            add("/")
            add(digest)
            add(end)
            return place
        }
    }

    var userList: String { "\(root)/users/lists/all.jsonl" }

    /// The list of the users of an owner; it belongs to the number of a client that has one.
    func userList(owner: String, number: Int?) -> String {
        "\(root)/users/lists/owner-\(Hex.sha256(number.map { "\0\($0)" } ?? owner)).jsonl"
    }

    var clientList: String { "\(root)/users/lists/clients.jsonl" }

    var adminList: String { "\(root)/users/lists/admins.jsonl" }

    var keptList: String { "\(root)/users/lists/kept.jsonl" }

    var removals: String { "\(root)/removals" }

    /// Says what is left to be removed of a client that was removed with its users.
    func removal(of client: User.ID, number: Int?) -> String {
        "\(removals)/\(ArchiveID(of: client, number: number).digest).json"
    }

    func conversations(of archive: ArchiveID) -> String {
        sharded("/conversations/", archive.digest)
    }

    /// Where the numbers of those who write conversations are held, a byte each.
    var writers: String { "\(locks)/writers.lease" }

    func archive(_ archive: ArchiveID) -> Archive { self.archive(conversations(of: archive), archive.digest) }

    func archive(_ directory: String, _ digest: String) -> Archive {
        Archive(directory: directory, lock: lock("lists", digest))
    }

    /// Says which lines are still to be blanked of a conversation that was removed.
    func removal(of conversation: Conversation.ID, in archive: ArchiveID) -> String {
        "\(removals)/\(archive.digest)-\(Hex.sha256(conversation)).lines"
    }

    /// `path` without the root.
    func relative(_ path: String) -> String { String(path.dropFirst(root.count + 1)) }

    var journals: String { "\(root)/journals" }

    var answers: String { "\(root)/answers" }

    func answers(of archive: ArchiveID) -> String { "\(answers)/\(archive.digest.prefix(2))/\(archive.digest)" }

    func answer(_ digest: String, of archive: ArchiveID) -> String { "\(answers(of: archive))/\(digest).json" }

    /// Says that the conversations outlive their removed user, and whose they were.
    func keptMark(_ directory: String) -> String { "\(directory)/kept" }

    /// Says whose archive a directory is.
    func archiveOwner(_ directory: String) -> String { "\(directory)/owner.json" }

    func health(_ account: Account.ID) -> String { "\(root)/accounts/\(account.digest).health.json" }

    func token(_ account: Account.ID) -> String { "\(root)/accounts/\(account.digest).token.json" }

    func models(_ account: Account.ID) -> String { "\(root)/accounts/\(account.digest).models.json" }

    /// The recent tries of the keys whose digests begin alike.
    func tries(_ digest: String) -> String { "\(root)/accounts/tries-\(digest.prefix(2)).json" }

    func lock(_ area: String, _ digest: String) -> FileLock {
        FileLock(directory: locks, area: area, digest: digest)
    }

    /// A lock under which another of the state may be taken, but none of these.
    func outerLock(_ area: String, _ digest: String) -> FileLock {
        FileLock(directory: locks, area: area, digest: digest, queue: .outer)
    }

    /// Where a right is held: a file and a byte in it.
    func place(of right: Right) -> (path: String, offset: Int64) {
        switch right {
        case .turn(let conversation): turnLease(conversation)
        case .conversationKey(let key, let archive): turnLease("key \(JSONFileStore.keyName(key, of: archive))")
        case .upstreamUser(let user): turnLease("upstream user \(user)")
        case .answer(let digest): ("\(locks)/answers.lease", Int64(digest.prefix(15), radix: 16) ?? 0)
        case .signIn(let account): (accountLease(account), 0)
        case .modelList(let account): (accountLease(account), 1)
        case .probe(let account): (accountLease(account), 2)
        }
    }

    private func accountLease(_ account: Account.ID) -> String { "\(accounts)/\(account.digest).lease" }

    private func turnLease(_ conversation: String) -> (path: String, offset: Int64) {
        let digest = Hex.sha256(conversation)
        let offset = Int64(digest.dropFirst(2).prefix(15), radix: 16) ?? 0
        return ("\(locks)/turns-\(digest.prefix(2)).lease", offset)
    }
}
