/// The names of everything in the state directory.
///
/// No other file knows them.
struct StateLayout: Sendable {
    let root: String

    static let version = 1

    var format: String { "\(root)/format.json" }
    var locks: String { "\(root)/locks" }
    var trash: String { "\(root)/trash" }
    var audit: String { "\(root)/audit.jsonl" }
    var adminKey: String { "\(root)/admin-key.txt" }
    var accounts: String { "\(root)/accounts" }
    var accountsPage: String { "\(accounts)/page" }
    /// Of the version before.
    var rotation: String { "\(accounts)/rotation.json" }

    /// The directories that are made where they are missing, at every start.
    var areas: [String] {
        [
            "locks", "trash", "accounts", "users", "users/lists", "keys", "conversations", "answers", "threads",
            "journals", "removals",
        ]
        .map { "\(root)/\($0)" }
    }

    /// The directories over which records are spread, made at the first start.
    var shards: [String] {
        ["users", "keys", "conversations"].flatMap { area in
            (0..<256).map { "\(root)/\(area)/\(Hex.encode([UInt8($0)]))" }
        }
    }

    func user(_ digest: String) -> String { "\(root)/users/\(digest.prefix(2))/\(digest).json" }

    func key(_ digest: APIKey.Digest) -> String { "\(root)/keys/\(digest.prefix(2))/\(digest).json" }

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
        let digest = archive.digest
        return "\(root)/conversations/\(digest.prefix(2))/\(digest)"
    }

    func conversation(_ id: String, of archive: ArchiveID) -> String {
        "\(conversations(of: archive))/\(Hex.sha256(id)).jsonl"
    }

    func conversationList(of archive: ArchiveID) -> String { "\(conversations(of: archive))/list.jsonl" }

    /// The log in which the thread of that digest is named, one of 4,096.
    func threads(_ digest: String) -> String { "\(root)/threads/\(digest.prefix(3)).log" }

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
