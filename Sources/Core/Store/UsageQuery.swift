/// What is asked of the ledger: sums of the rows of some days.
package struct UsageQuery: Sendable {
    /// By what rows are put together.
    package enum Column: String, Sendable, CaseIterable {
        case day, user, client, group
        case costCenter = "cost_center"
        case key, account, model
    }

    /// The first and the last day, both counted.
    package var days: ClosedRange<Day>
    package var by: [Column]
    /// Only of this user, by ``User/ledgerID``; together with ``client`` it is found quickest.
    package var user: String?
    /// Only of these, by ``User/ledgerID``; for a page of users, not for all.
    package var users: [String]?
    /// Only of users of this client; an empty text: only of those of no client.
    package var client: String?
    /// Only what these groups pay for; nil: whoever pays.
    package var groups: GroupUse?
    /// Goes on after the sum that this names; see ``UsageSum/place``.
    package var after: [String]?
    package var limit: Int

    package init(days: ClosedRange<Day>, by: [Column], limit: Int = 1000) {
        self.days = days
        self.by = by
        self.limit = limit
    }

    static let currency = "currency"

    /// By what sums are ordered, one after the other.
    ///
    /// Those of users stand as the users do in the store, so that a page of them costs the same however many there are.
    package var order: [String] {
        let names = by.map(\.rawValue)
        let leading = by.contains(.user) ? [Column.client.rawValue, Column.user.rawValue, Self.currency] : []
        let rest = names.filter { !leading.contains($0) }
        return leading.isEmpty ? rest + [Self.currency] : leading + rest
    }

    /// Only of `user`.
    package mutating func narrow(to user: User) {
        self.user = user.ledgerID
        client = user.clientLedgerID ?? ""
    }
}

/// What some groups pay for.
package struct GroupUse: Sendable {
    /// The first day of each that counts: a group of the same id may have been there before, which was others'.
    package var since: [Group.ID: Day]

    package init(since: [Group.ID: Day]) { self.since = since }

    /// The groups from the day on that they were made.
    package init(_ groups: [Group], in zone: TimeZone) {
        since = [:]
        for group in groups { since[group.id] = zone.day(of: group.createdAt) }
    }

    func contains(_ row: UsageRow) -> Bool {
        guard let group = row.group, let first = since[group] else { return false }
        return row.day >= first
    }
}

/// The sum of some rows.
package struct UsageSum: Sendable, Equatable {
    /// What they have in common, in the order of ``UsageQuery/by``; empty texts where a row says nothing.
    package var values: [String]
    /// Where it stands among all: sums are in falling order of this.
    package var place: [String]
    package var calls: Int
    /// How many of the calls had no price.
    package var unpriced: Int
    package var usage: TokenUsage
    /// Of the calls that had a price.
    package var cost: Money
    /// Empty where none is set.
    package var currency: String
    package var milliseconds: Int
}

/// Whom a ``User/ledgerID`` named; it outlives the user.
package struct UsageName: Sendable, Equatable {
    package var owner: String
    package var userID: String
    package var username: String
    /// When the user was removed; nil for one who is there, and where nobody noted it.
    package var removedAt: Timestamp?

    package init(_ user: User) {
        owner = user.id.owner
        userID = user.id.userID
        username = user.username
    }

    var record: JSON { ["owner": JSON(owner), "user_id": JSON(userID), "username": JSON(username)] }

    init?(record: JSON) {
        guard let owner = record["owner"]?.string, let userID = record["user_id"]?.string else { return nil }
        self.owner = owner
        self.userID = userID
        username = record["username"]?.string ?? ""
        removedAt = record["removed_at"]?.string.flatMap { Timestamp(rfc3339: $0) }
    }
}

/// What a check of the ledger found.
package struct UsageCheck: Sendable {
    /// Rows whose checksum is right.
    package var rows = 0
    /// Turns in the archive that say they have a row.
    package var turns = 0
    /// Lines that were cut off while they were written, of calls that nobody was told of.
    package var torn = 0
    /// A phrase for each thing that does not fit, the first of them.
    package var differences: [String] = []
    /// All of them.
    package var count = 0

    mutating func add(_ difference: String) {
        count += 1
        if differences.count < 1000 { differences.append(difference) }
    }
}
