/// How much somebody or something may use; kinds that are not named are as the default has them.
package struct Limits: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case requestsPerMinute = "requests_per_minute"
        case tokensPerMinute = "tokens_per_minute"
        case tokensPerDay = "tokens_per_day"
        case tokensPerMonth = "tokens_per_month"
        /// In nano-units of the currency.
        case costPerMonth = "cost_per_month"
        /// Calls that are being answered.
        case concurrent

        /// The largest that may be set: far beyond all use, and small enough that sums never overflow.
        var largest: Int {
            switch self {
            case .requestsPerMinute, .concurrent: 1_000_000
            case .tokensPerMinute, .tokensPerDay, .tokensPerMonth: 1_000_000_000_000
            case .costPerMonth: Money.largest
            }
        }
    }

    package enum Bound: Sendable, Equatable {
        /// As much as one likes, whatever the default says.
        case none
        case most(Int)
    }

    private var bounds: [Kind: Bound] = [:]

    package init() {}

    package var isEmpty: Bool { bounds.isEmpty }

    /// What is said of a kind; nil where that is left to the default.
    package subscript(kind: Kind) -> Bound? {
        get { bounds[kind] }
        set { bounds[kind] = newValue }
    }

    /// The most of a kind; nil where there is no limit.
    package func most(_ kind: Kind) -> Int? {
        if case .most(let most) = bounds[kind] { most } else { nil }
    }

    /// The same with `standard` for the kinds of which nothing is said.
    package func over(_ standard: Limits) -> Limits {
        var whole = self
        whole.bounds.merge(standard.bounds) { own, _ in own }
        return whole
    }
}

extension Limits {
    /// As it is stored and shown: null for no limit, absent for the default; costs are decimal numbers.
    package var json: JSON {
        var object = JSONObject()
        for kind in Kind.allCases {
            guard let bound = bounds[kind] else { continue }
            object[kind.rawValue] = Self.json(of: bound, kind)
        }
        return .object(object)
    }

    private static func json(of bound: Bound, _ kind: Kind) -> JSON {
        switch (bound, kind) {
        case (.none, _): .null
        case (.most(let most), .costPerMonth): Money(nano: most).json
        case (.most(let most), _): JSON(most)
        }
    }

    /// What is wrong with limits that somebody sent.
    package struct Problem: Error, Equatable {
        /// The member at fault; nil where the whole is no object.
        package var kind: String?
        /// A phrase to follow "must be".
        package var expected: String
    }

    /// Reads what ``json`` writes.
    package init(json: JSON) throws(Problem) {
        guard let object = json.object else { throw Problem(kind: nil, expected: "an object") }
        for member in object.members {
            guard let kind = Kind(rawValue: member.name) else {
                let known = Kind.allCases.map(\.rawValue).joined(separator: ", ")
                throw Problem(kind: member.name, expected: "one of \(known)")
            }
            bounds[kind] = try Self.bound(member.value, of: kind)
        }
    }

    /// - Parameter json: A whole number, of costs a decimal one; null for no limit.
    package static func bound(_ json: JSON, of kind: Kind) throws(Problem) -> Bound {
        if json.isNull { return .none }
        let number = kind == .costPerMonth ? Money(json: json)?.nano : json.int
        guard let number, (0...kind.largest).contains(number) else {
            throw Problem(kind: kind.rawValue, expected: expected(of: kind))
        }
        return .most(number)
    }

    /// What a bound of that kind must be.
    static func expected(of kind: Kind) -> String {
        kind == .costPerMonth
            ? "an amount from 0 to \(Money.largest / Money.unit) with at most 9 decimals, or null for no limit"
            : "a whole number from 0 to \(kind.largest), or null for no limit"
    }
}
