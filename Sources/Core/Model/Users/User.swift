/// Somebody who has a key: a person, a client program or an admin.
package struct User: Sendable, Equatable {
    /// Names a user: the owner's own id for it, unique within that owner only.
    package struct ID: Sendable, Hashable {
        /// ``User/selfOwner`` for users that an admin made, else the `user_id` of the client that made them.
        package let owner: String
        package let userID: String
        /// Names the record's files; SHA-256 of owner, NUL and user id.
        package let digest: String

        package init(owner: String, userID: String) {
            self.owner = owner
            self.userID = userID
            digest = Hex.sha256("\(owner)\0\(userID)")
        }

        package static func == (one: ID, other: ID) -> Bool { one.digest == other.digest }

        package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
    }

    package enum Role: String, Sendable, CaseIterable { case user, client, admin }

    /// What is kept of a key.
    package struct Key: Sendable, Equatable {
        package var digest: APIKey.Digest
        package var createdAt: Timestamp
        package var lastFour: String
        /// Members of the key's record that this version does not know.
        var others = JSONObject()

        package init(_ key: APIKey, createdAt: Timestamp = .now) {
            digest = key.digest
            lastFour = key.lastFour
            self.createdAt = createdAt
        }

        init(digest: APIKey.Digest, createdAt: Timestamp, lastFour: String) {
            self.digest = digest
            self.createdAt = createdAt
            self.lastFour = lastFour
        }
    }

    /// A new number: 62 random bits, so that neither a lost file nor a restored backup gives one a second time, as a
    /// counter would.
    static func newNumber() -> Int { Int.random(in: 1..<(1 << 62)) }

    /// The owner of users that an admin made.
    ///
    /// No user may have it as its id.
    package static let selfOwner = "self"

    package let id: ID
    /// Given once and never again, also not to the next user of this id; nil for users who were added by a version that
    /// gave none.
    package internal(set) var number: Int? { didSet { archive = Self.archive(of: id, number, inheritedArchive) } }
    /// The number of the client that owns the user, if that has one.
    package var ownerNumber: Int?
    package var username: String
    package var role: Role
    /// May use the pool's plus accounts.
    package var hasPlus: Bool
    package var isDisabled: Bool
    package var createdAt: Timestamp
    package var keys: [Key]
    /// What the user may use; what is not said here the settings say.
    package var limits = Limits()
    /// Of a client: what each of its users may use who has no limits of its own.
    package var userLimits = Limits()
    /// What is added to ``limits`` for a while.
    package var raises: [LimitRaise] = []
    /// The digest of the archive that was taken over from the user of this id before.
    var inheritedArchive: String? { didSet { archive = Self.archive(of: id, number, inheritedArchive) } }
    /// Members of the record that this version does not know and keeps as they are.
    var others = JSONObject()

    /// Kept, because its digest is asked for several times in a request.
    package private(set) var archive: ArchiveID

    /// Names the user where its use is counted: like its archive it belongs to this person alone, and says nothing of it.
    package var ledgerID: String { number.map { String($0) } ?? id.digest }

    private static func archive(of id: ID, _ number: Int?, _ inherited: String?) -> ArchiveID {
        inherited.map { ArchiveID(of: id, number: number, digest: $0) } ?? ArchiveID(of: id, number: number)
    }

    package init(
        id: ID, ownerNumber: Int? = nil, username: String, role: Role = .user, hasPlus: Bool = false,
        isDisabled: Bool = false,
        createdAt: Timestamp = .now, keys: [Key] = [], number: Int? = nil, inheritedArchive: String? = nil
    ) {
        self.id = id
        self.ownerNumber = ownerNumber
        self.username = username
        self.role = role
        self.hasPlus = hasPlus
        self.isDisabled = isDisabled
        self.createdAt = createdAt
        self.keys = keys
        self.number = number
        self.inheritedArchive = inheritedArchive
        archive = Self.archive(of: id, number, inheritedArchive)
    }
}

/// What is to change of a user; what is nil stays as it is.
package struct UserChange: Sendable, Equatable {
    /// What is to change of a user's keys.
    package enum Keys: Sendable, Equatable {
        case add(User.Key)
        case revoke(APIKey.Digest)
        /// The new key takes the place of all others.
        case rotate(to: User.Key)
    }

    package var username: String?
    package var hasPlus: Bool?
    package var isDisabled: Bool?
    package var keys: Keys?
    /// In place of all that were set.
    package var limits: Limits?
    package var userLimits: Limits?
    /// One more raise; those that have ended go.
    package var raise: LimitRaise?

    package init(
        username: String? = nil, hasPlus: Bool? = nil, isDisabled: Bool? = nil, keys: Keys? = nil,
        limits: Limits? = nil, userLimits: Limits? = nil, raise: LimitRaise? = nil
    ) {
        self.username = username
        self.hasPlus = hasPlus
        self.isDisabled = isDisabled
        self.keys = keys
        self.limits = limits
        self.userLimits = userLimits
        self.raise = raise
    }

    package var isEmpty: Bool { self == UserChange() }

    func apply(to user: inout User) {
        if let username { user.username = username }
        if let hasPlus { user.hasPlus = hasPlus }
        if let isDisabled { user.isDisabled = isDisabled }
        if let limits { user.limits = limits }
        if let userLimits { user.userLimits = userLimits }
        if let raise { user.raises = user.raises.filter { $0.until > .now } + [raise] }
        switch keys {
        case nil: break
        case .add(let key): user.keys.append(key)
        case .revoke(let digest): user.keys.removeAll { $0.digest == digest }
        case .rotate(let key): user.keys = [key]
        }
    }
}
