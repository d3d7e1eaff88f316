/// What somebody looks for among users.
package struct UserQuery: Sendable {
    package enum Sort: String, Sendable, CaseIterable { case createdAt = "created_at", username, userID = "user_id" }

    /// Whose users: only while that very owner is there.
    package struct Owner: Sendable {
        package let userID: String
        /// Nil for ``User/selfOwner`` and for clients without one.
        package let number: Int?

        package init(userID: String, number: Int?) {
            self.userID = userID
            self.number = number
        }
    }

    /// Words that each stand in the id or the name, also as a part of it, whatever their case and accents.
    package var text = ""
    package var owner: Owner?
    /// Empty for all.
    package var roles: Set<User.Role> = []
    package var hasPlus: Bool?
    package var isDisabled: Bool?
    package var sort = Sort.createdAt
    package var isAscending = false
    /// Only users behind this place.
    package var after: UserPlace?
    package var limit = 50

    package init() {}

    /// Those of ``text`` as ``Text/folded(_:)`` has them, the longest first.
    var words: [[UInt8]] {
        Text.folded(text).split { $0 <= 0x20 }.map(Array.init).sorted { $0.count > $1.count }
    }
}

/// Where a user stands in an order: users who are added or removed meanwhile move nobody else to another page.
package struct UserPlace: Sendable, Comparable {
    /// What is sorted by: a number or bytes; then something of the user's own.
    let number: Int64
    let bytes: ArraySlice<UInt8>
    let user: UserMark

    package static func < (one: UserPlace, other: UserPlace) -> Bool {
        if one.number != other.number { return one.number < other.number }
        if one.bytes != other.bytes { return one.bytes.lexicographicallyPrecedes(other.bytes) }
        return one.user < other.user
    }

    package var text: String {
        "\(Hex.encode([user.high, user.low].flatMap { withUnsafeBytes(of: $0.bigEndian) { Array($0) } })).\(number)."
            + Hex.encode(Array(bytes))
    }

    /// Nil for a text that is no place.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let user = UserMark(digest: parts[0].utf8), parts[0].utf8.count == 32,
            let number = Int64(parts[1]), parts[2].utf8.count.isMultiple(of: 2), parts[2].utf8.count <= 8192
        else { return nil }
        let digits = parts[2].utf8.map(Hex.value)
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[place], let low = digits[place + 1] else { return nil }
            bytes.append(high << 4 | low)
        }
        self.init(number: number, bytes: bytes[...], user: user)
    }

    init(number: Int64, bytes: ArraySlice<UInt8>, user: UserMark) {
        self.number = number
        self.bytes = bytes
        self.user = user
    }
}

/// The first half of the digest of a user's id: no two users have the same.
struct UserMark: Sendable, Hashable, Comparable {
    let high, low: UInt64

    /// Of the first 32 digits; nil where there are fewer.
    init?(digest: some Collection<UInt8>) {
        var words: [UInt64] = [0, 0]
        var count = 0
        for digit in digest.prefix(32) {
            guard let value = Hex.value(of: digit) else { return nil }
            words[count / 16] = words[count / 16] << 4 | UInt64(value)
            count += 1
        }
        guard count == 32 else { return nil }
        (high, low) = (words[0], words[1])
    }

    static func < (one: UserMark, other: UserMark) -> Bool {
        one.high != other.high ? one.high < other.high : one.low < other.low
    }
}

/// What was found.
package struct UserPage: Sendable {
    package var users: [User]
    /// How many there are on all pages.
    package var total: Int
    /// The last of this page; nil where there are no more.
    package var next: UserPlace?
}
