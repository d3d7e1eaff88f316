/// One call that reached an upstream, as it is billed: a row of the ledger.
///
/// Rows name people by ``User/ledgerID`` alone, and hold the price that counted when they were made.
package struct UsageRow: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case chat
        /// Through the OpenAI API.
        case v1
        case title
        /// A try of an account.
        case test
    }

    package enum Outcome: String, Sendable, CaseIterable {
        case ok
        /// The caller left or stopped.
        case interrupted
        /// The upstream broke off.
        case truncated
        /// The upstream refused, or did not answer.
        case failed
        /// Nobody knows what came of it: the process died.
        case lost
    }

    /// When the call began.
    package var at: Timestamp
    /// The day of ``at`` in the operator's time zone.
    package var day: Day
    /// As in `X-Request-Id`; nil for calls that no request made.
    package var requestID: String?
    /// The turn in the archive, where there is one.
    package var turn: String?
    /// Nil where nobody asked, as for a try of an account.
    package var user: String?
    /// The client that owns the user.
    package var client: String?
    package var key: String?
    package var group: String?
    package var costCenter: String?
    package var account: String
    /// The model that was asked for, else the one that answered.
    package var model: String?
    package var kind: Kind
    package var usage: TokenUsage
    /// Nil where the model had no price.
    package var price: ModelPrice?
    package var currency: String?
    package var milliseconds: Int
    package var outcome: Outcome
    package var conversation: String?

    package init(
        at: Timestamp, day: Day, requestID: String? = nil, account: String, model: String? = nil, kind: Kind,
        usage: TokenUsage, price: ModelPrice? = nil, currency: String? = nil, milliseconds: Int = 0,
        outcome: Outcome = .ok
    ) {
        self.at = at
        self.day = day
        self.requestID = requestID
        self.account = account
        self.model = model
        self.kind = kind
        self.usage = usage
        self.price = price
        self.currency = currency
        self.milliseconds = milliseconds
        self.outcome = outcome
        cost = price?.cost(of: usage)
    }

    /// Of prompt and answer.
    var tokens: Int { usage.prompt + usage.completion }

    /// Kept as it was reckoned when the row was made.
    package private(set) var cost: Money?
}

extension UsageRow {
    /// As it is stored; members without a value are left out.
    package var json: JSON {
        var members: [JSONObject.Member] = []
        members.reserveCapacity(24)
        func add(_ name: String, _ value: JSON?) {
            if let value { members.append(.init(name: name, value: value)) }
        }
        add("at", JSON(Int(at.microsecondsSinceEpoch)))
        add("day", JSON(day.text))
        add("request", requestID.map { JSON($0) })
        add("turn", turn.map { JSON($0) })
        add("user", user.map { JSON($0) })
        add("client", client.map { JSON($0) })
        add("key", key.map { JSON($0) })
        add("group", group.map { JSON($0) })
        add("cost_center", costCenter.map { JSON($0) })
        add("account", JSON(account))
        add("model", model.map { JSON($0) })
        add("kind", JSON(kind.rawValue))
        add("prompt", JSON(usage.prompt))
        add("completion", JSON(usage.completion))
        add("cached", JSON(usage.cached))
        add("reasoning", JSON(usage.reasoning))
        add("estimated", usage.isEstimated ? true : nil)
        add("nano", cost.map { JSON($0.nano) })
        add("currency", currency.map { JSON($0) })
        add("price", price?.json)
        add("ms", JSON(milliseconds))
        add("outcome", JSON(outcome.rawValue))
        add("conversation", conversation.map { JSON($0) })
        return .object(JSONObject(unchecked: members))
    }

    /// Reads what ``json`` writes; nil where the row lacks what counts.
    package init?(json: JSON) {
        guard let at = json["at"]?.int, let day = json["day"]?.string.flatMap(Day.init),
            let account = json["account"]?.string, let kind = json["kind"]?.string.flatMap(Kind.init),
            let prompt = Self.count(json["prompt"]), let completion = Self.count(json["completion"]),
            let outcome = json["outcome"]?.string.flatMap(Outcome.init)
        else { return nil }
        let usage = TokenUsage(
            prompt: prompt, completion: completion, cached: Self.count(json["cached"]) ?? 0,
            reasoning: Self.count(json["reasoning"]) ?? 0, isEstimated: json["estimated"]?.bool ?? false)
        self.init(
            at: Timestamp(microsecondsSinceEpoch: Int64(at)), day: day, requestID: json["request"]?.string,
            account: account, model: json["model"]?.string, kind: kind, usage: usage,
            price: ModelPrice(json: json["price"]), currency: json["currency"]?.string,
            milliseconds: Self.count(json["ms"]) ?? 0, outcome: outcome)
        turn = json["turn"]?.string
        user = json["user"]?.string
        client = json["client"]?.string
        key = json["key"]?.string
        group = json["group"]?.string
        costCenter = json["cost_center"]?.string
        conversation = json["conversation"]?.string
        cost = json["nano"]?.int.flatMap { (0...Money.largest).contains($0) ? Money(nano: $0) : nil }
    }

    private static func count(_ json: JSON?) -> Int? {
        json?.int.flatMap { (0...1_000_000_000_000).contains($0) ? $0 : nil }
    }
}

extension User {
    /// The ``ledgerID`` of the client that owns the user; nil for users of admins.
    package var clientLedgerID: String? {
        guard id.owner != Self.selfOwner else { return nil }
        return ownerNumber.map { String($0) } ?? User.ID(owner: Self.selfOwner, userID: id.owner).digest
    }
}
