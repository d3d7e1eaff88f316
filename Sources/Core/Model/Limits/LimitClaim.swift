/// What a call wants to use, and whose limits it meets.
package struct LimitClaim: Sendable {
    /// A subject and its limits, which may be none: its use is counted all the same.
    package struct Part: Sendable, Equatable {
        package var subject: LimitSubject
        package var limits: Limits

        package init(_ subject: LimitSubject, _ limits: Limits) {
            self.subject = subject
            self.limits = limits
        }
    }

    /// The most subjects of one call.
    package static let mostParts = 8
    /// More tokens than any call takes, and few enough that sums never overflow.
    package static let mostTokens = 1_000_000_000_000
    /// The same of costs.
    static let mostNano = 10_000 * Money.unit

    package let parts: [Part]
    /// The most tokens that what is sent may be.
    package let prompt: Int
    /// The most that the answer may be; near a limit less is granted, but not less than `least`.
    package let completion: Int
    package let least: Int
    /// The most that both cost, in nano-units; of the answer in proportion where less is granted.
    package let promptNano: Int
    package let completionNano: Int
    /// By which rows of the ledger are found that the call wrote and did not settle; zero where there can be none.
    let call: UInt64
    /// Whose call it is, for a row of the ledger should its process die; nil for none.
    let origin: Origin?
    package let calendar: LimitCalendar

    package init(
        _ parts: [Part], prompt: Int, completion: Int, least: Int = 1, promptNano: Int = 0, completionNano: Int = 0,
        call: UInt64 = 0, origin: Origin? = nil, in calendar: LimitCalendar
    ) {
        self.parts = Array(parts.prefix(Self.mostParts))
        self.prompt = min(max(0, prompt), Self.mostTokens)
        self.completion = min(max(1, completion), Self.mostTokens)
        self.least = min(max(1, least), self.completion)
        self.promptNano = min(max(0, promptNano), Self.mostNano)
        self.completionNano = min(max(0, completionNano), Self.mostNano)
        self.call = call
        self.origin = origin
        self.calendar = calendar
    }

    /// What a row of the ledger says of a call whatever comes of it.
    package struct Origin: Sendable, Equatable {
        var kind: UsageRow.Kind
        var requestID: String
        /// Nil for users of the version before, who have no number.
        var user: Int?
        var client: Int?
        var key: User.Key.ID?
        var group: Group.ID?
        var model: String?
        var currency: String?
        /// Only of what the call holds of an account, beside what it holds of people.
        var account: String?

        package init(
            _ kind: UsageRow.Kind, requestID: String, user: Int? = nil, client: Int? = nil, key: User.Key.ID? = nil,
            group: Group.ID? = nil, model: String? = nil, currency: String? = nil, account: String? = nil
        ) {
            (self.kind, self.requestID, self.user, self.client) = (kind, requestID, user, client)
            (self.key, self.group, self.model, self.currency, self.account) = (key, group, model, currency, account)
        }
    }

    /// Names what one request asks for; with an account what it asks of that one.
    static func call(_ requestID: String, _ account: String? = nil) -> UInt64 {
        Hex.sha256Word(account.map { "\(requestID)\0\($0)" } ?? requestID)
    }

    /// What `count` tokens of the answer cost, rounded up.
    func nano(ofCompletion count: Int) -> Int {
        if count >= completion { return completionNano }
        let (high, low) = completionNano.multipliedFullWidth(by: max(0, count))
        let (cost, rest) = completion.dividingFullWidth((high, low))
        return cost + (rest > 0 ? 1 : 0)
    }

    /// How many tokens of the answer cost `nano` at most.
    func completion(for nano: Int) -> Int {
        if nano >= completionNano { return completion }
        let (high, low) = completion.multipliedFullWidth(by: max(0, nano))
        return completionNano.dividingFullWidth((high, low)).quotient
    }

    /// Whether there is a limit at all.
    package var isLimited: Bool { parts.contains { !$0.limits.isWithoutBounds } }

    /// Whether there is a limit of tokens, so that an answer has to have an end.
    package var limitsTokens: Bool {
        let kinds: [Limits.Kind] = [.tokensPerMinute, .tokensPerDay, .tokensPerMonth]
        return parts.contains { part in kinds.contains { part.limits.most($0) != nil } }
    }
}

extension Limits {
    /// The same but for the kinds of which `others` say something.
    package func without(_ others: Limits) -> Limits {
        var rest = self
        for kind in Kind.allCases where others[kind] != nil { rest[kind] = nil }
        return rest
    }

    /// Whether nothing is limited.
    package var isWithoutBounds: Bool { Kind.allCases.allSatisfy { most($0) == nil } }
}

/// The day and the month in which a call counts.
package struct LimitPeriod: Sendable, Equatable {
    /// Since 1970-01-01, where the organisation is.
    package var day: Int
    /// Since January of year 0.
    package var month: Int
    package var dayEnd: Timestamp
    package var monthEnd: Timestamp

    package init(day: Int, month: Int, dayEnd: Timestamp, monthEnd: Timestamp) {
        self.day = day
        self.month = month
        self.dayEnd = dayEnd
        self.monthEnd = monthEnd
    }

    var today: Day { Day(CivilDay(number: day)) }

    /// The first day of the month.
    var firstDay: Day { Day(CivilDay(year: month / 12, month: month % 12 + 1, day: 1)) }
}
