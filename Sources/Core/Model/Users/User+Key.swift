extension User {
    /// What is kept of a key: what it may do, and the digests of its texts.
    package struct Key: Sendable, Equatable {
        /// Names the key where its text must not stand; stays the same when the text is replaced.
        package typealias ID = String

        /// A part of the API that a key may be used for.
        package enum Scope: String, Sendable, CaseIterable {
            case chat, v1, recall
            /// Keys, users and all that only clients and admins may do.
            case manage
        }

        /// A text that was replaced and works for a while longer.
        package struct Former: Sendable, Equatable {
            package var digest: APIKey.Digest
            package var lastFour: String
            package var until: Timestamp
        }

        /// The name of the key that a user is made with.
        package static let standardName = "default"

        package let id: ID
        package var digest: APIKey.Digest
        package var createdAt: Timestamp
        package var lastFour: String
        package var former: Former?
        /// Unique among the keys of its user.
        package var name: String
        package var note = ""
        package var notBefore: Timestamp?
        package var expiresAt: Timestamp?
        package var scopes = Set(Scope.allCases)
        /// Empty: all that the user may use.
        package var models: [String] = []
        /// The group that pays for what is done with the key.
        package var group: Group.ID?
        package var limits = Limits()
        /// Members of the key's record that this version does not know.
        var others = JSONObject()

        package init(_ key: APIKey, name: String = Self.standardName, createdAt: Timestamp = .now) {
            id = Self.newID()
            digest = key.digest
            lastFour = key.lastFour
            self.name = name
            self.createdAt = createdAt
        }

        init(id: ID?, digest: APIKey.Digest, createdAt: Timestamp, lastFour: String, name: String) {
            self.id = id ?? Self.id(from: digest)
            self.digest = digest
            self.createdAt = createdAt
            self.lastFour = lastFour
            self.name = name
        }

        private static func newID() -> ID {
            let random = KernelRandom().next()
            return Hex.encode((0..<8).map { UInt8(truncatingIfNeeded: random >> ($0 * 8)) })
        }

        /// Of a key that the version before made.
        private static func id(from digest: APIKey.Digest) -> ID { String(Hex.sha256("key\0\(digest)").prefix(16)) }
    }

    /// The key that has a text with this digest.
    package func key(withDigest digest: APIKey.Digest) -> Key? {
        keys.first { $0.digest == digest || $0.former?.digest == digest }
    }

    package func key(_ id: Key.ID) -> Key? { keys.first { $0.id == id } }
}

extension User.Key {
    /// Of all texts that lead to it.
    package var digests: [APIKey.Digest] { former.map { [digest, $0.digest] } ?? [digest] }

    /// Whether the text with this digest works at a moment, as far as the key itself says.
    package func standing(of digest: APIKey.Digest, at time: Timestamp) -> UserStanding {
        if isExpired(at: time) { return .keyExpired }
        if let former, former.digest == digest, former.until <= time { return .keyExpired }
        if let notBefore, time < notBefore { return .keyNotYetValid }
        return .active
    }

    package func isExpired(at time: Timestamp) -> Bool { expiresAt.map { $0 <= time } ?? false }

    /// Whether nothing sets it apart from the one key that a user of the seed had.
    package var isUnrestricted: Bool {
        expiresAt == nil && scopes.count == Scope.allCases.count && models.isEmpty && group == nil && limits.isEmpty
    }

    /// Whether its holder can go on to sign in and to manage, whatever time it is.
    var isLasting: Bool { expiresAt == nil && notBefore == nil && group == nil && scopes.contains(.manage) }

    /// Which member gives more than `other` has; nil where none does.
    package func excess(over other: User.Key) -> String? {
        if !scopes.isSubset(of: other.scopes) { return "scopes" }
        if !AllowedModels(models).isWithin(AllowedModels(other.models)) { return "models" }
        if let end = other.expiresAt, expiresAt.map({ $0 > end }) ?? true { return "expires_at" }
        if other.group != nil, group != other.group { return "group" }
        for kind in Limits.Kind.allCases {
            if let most = other.limits.most(kind), limits.most(kind).map({ $0 > most }) ?? true { return "limits" }
        }
        return nil
    }

    /// Gives it a new text.
    ///
    /// - Parameter grace: How long the present one works beside it; the one before that ends at once.
    package func rotated(to key: APIKey, grace: Duration, at time: Timestamp) -> User.Key {
        var rotated = self
        rotated.former = grace > .zero ? Former(digest: digest, lastFour: lastFour, until: time + grace) : nil
        rotated.digest = key.digest
        rotated.lastFour = key.lastFour
        rotated.createdAt = time
        return rotated
    }
}
