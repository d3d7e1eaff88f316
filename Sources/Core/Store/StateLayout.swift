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
    var rotation: String { "\(root)/accounts/rotation.json" }

    /// The directories that are made where they are missing, at every start.
    var areas: [String] {
        [
            "locks", "trash", "accounts", "users", "users/lists", "keys", "conversations", "answers", "threads",
            "journals",
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

    /// The list of the users of an owner, of all users (nil), or of all clients.
    func userList(owner: String?) -> String {
        "\(root)/users/lists/\(owner.map { "owner-" + Hex.sha256($0) } ?? "all").jsonl"
    }

    var clientList: String { "\(root)/users/lists/clients.jsonl" }

    func conversations(of user: User.ID) -> String {
        let digest = user.digest
        return "\(root)/conversations/\(digest.prefix(2))/\(digest)"
    }

    func conversation(_ id: String, of user: User.ID) -> String {
        "\(conversations(of: user))/\(Hex.sha256(id)).jsonl"
    }

    func conversationList(of user: User.ID) -> String { "\(conversations(of: user))/list.jsonl" }

    /// The log in which the thread of that digest is named, one of 4,096.
    func threads(_ digest: String) -> String { "\(root)/threads/\(digest.prefix(3)).log" }

    /// `path` without the root.
    func relative(_ path: String) -> String { String(path.dropFirst(root.count + 1)) }

    var journals: String { "\(root)/journals" }

    var answers: String { "\(root)/answers" }

    func answer(_ digest: String) -> String { "\(answers)/\(digest).json" }

    /// Says that the conversations outlive their removed user.
    func keptMark(of user: User.ID) -> String { "\(conversations(of: user))/kept" }

    func health(_ account: Account.ID) -> String { "\(root)/accounts/\(account.digest).health.json" }

    /// Counts by its size: one byte for each time.
    func count(_ what: AccountCount, of account: Account.ID) -> String {
        "\(root)/accounts/\(account.digest).\(what.rawValue)"
    }

    func slots(_ account: Account.ID) -> String { "\(root)/accounts/\(account.digest).slots" }

    func token(_ account: Account.ID) -> String { "\(root)/accounts/\(account.digest).token.json" }

    /// Where the sign-in to an account is held: a byte behind those of all slots, so that it is no turn in flight.
    func signInLease(_ account: Account.ID) -> (path: String, offset: Int64) { (slots(account), 1 << 61) }

    /// Where the probe of an account is held, behind the sign-in.
    func probeLease(_ account: Account.ID) -> (path: String, offset: Int64) { (slots(account), (1 << 61) + 1) }

    /// The recent tries of the keys whose digests begin alike.
    func tries(_ digest: String) -> String { "\(root)/accounts/tries-\(digest.prefix(2)).json" }

    func lock(_ area: String, _ digest: String) -> FileLock {
        FileLock(directory: locks, area: area, digest: digest)
    }

    /// Where the running turn of a conversation is held: a file and a byte in it.
    func turnLease(_ conversation: String) -> (path: String, offset: Int64) {
        let digest = Hex.sha256(conversation)
        let offset = Int64(digest.dropFirst(2).prefix(15), radix: 16) ?? 0
        return ("\(locks)/turns-\(digest.prefix(2)).lease", offset)
    }
}
