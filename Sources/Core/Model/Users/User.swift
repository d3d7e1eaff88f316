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
    package internal(set) var number: Int? { didSet { archiveDigest = Self.digest(of: id, number, inheritedArchive) } }
    /// The number of the client that owns the user, if that has one.
    package var ownerNumber: Int?
    package var username: String
    package var role: Role
    /// May use the pool's plus accounts.
    package var hasPlus: Bool
    package var isDisabled: Bool
    package var createdAt: Timestamp
    package var keys: [Key]
    /// The groups that it is a member of; the first is the primary one.
    package var groups: [Group.ID] = []
    /// What the user may use; what is not said here the settings say.
    package var limits = Limits()
    /// Of a client: what each of its users may use who has no limits of its own.
    package var userLimits = Limits()
    /// What is added to ``limits`` for a while.
    package var raises: [LimitRaise] = []
    /// The digest of the archive that was taken over from the user of this id before.
    var inheritedArchive: String? { didSet { archiveDigest = Self.digest(of: id, number, inheritedArchive) } }
    /// Members of the record that this version does not know and keeps as they are.
    var others = JSONObject()

    /// Kept, because a request asks for it several times; the whole would make users that are passed around much larger.
    private var archiveDigest: String

    package var archive: ArchiveID { ArchiveID(of: id, number: number, digest: archiveDigest) }

    /// Names the user where its use is counted: like its archive it belongs to this person alone, and says nothing of it.
    package var ledgerID: String { number.map { String($0) } ?? id.digest }

    private static func digest(of id: ID, _ number: Int?, _ inherited: String?) -> String {
        inherited ?? ArchiveID(of: id, number: number).digest
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
        archiveDigest = Self.digest(of: id, number, inheritedArchive)
    }
}
