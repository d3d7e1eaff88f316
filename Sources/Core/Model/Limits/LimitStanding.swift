/// How far one limit is used up.
package struct LimitStanding: Sendable, Equatable {
    package var subject: LimitSubject
    package var kind: Limits.Kind
    /// What is settled; of ``Limits/Kind/concurrent`` nothing ever is.
    package var used: Int
    /// What running calls may still use.
    package var reserved: Int
    package var max: Int
    /// When all of it, of a minute some of it, can be used again; nil for ``Limits/Kind/concurrent``.
    package var resetsAt: Timestamp?

    package init(
        _ subject: LimitSubject, _ kind: Limits.Kind, used: Int, reserved: Int, max: Int, resetsAt: Timestamp?
    ) {
        self.subject = subject
        self.kind = kind
        self.used = used
        self.reserved = reserved
        self.max = max
        self.resetsAt = resetsAt
    }

    package var remaining: Int { Swift.max(0, max - used - reserved) }

    /// How much of it is settled, in whole percent.
    package var percent: Int { max == 0 ? 100 : Int(clamping: Double(used) / Double(max) * 100) }

    /// As callers see it: the subject's kind, for its name may be an inner one.
    package var json: JSON {
        [
            "subject": JSON(subject.kind.rawValue), "kind": JSON(kind.rawValue), "used": amount(used),
            "reserved": amount(reserved), "max": amount(max), "resets_at": JSON(resetsAt?.rfc3339),
        ]
    }

    private func amount(_ number: Int) -> JSON {
        kind == .costPerMonth ? Money(nano: number).json : JSON(number)
    }
}

extension Int {
    /// The nearest whole number that can be told.
    fileprivate init(clamping number: Double) { self = number < 1e15 ? Int(number) : 1_000_000_000_000_000 }
}

/// What a call meets of limits, kept in one place for the answer and its header fields.
package final class LimitReport: Sendable, Equatable {
    /// The limit that the call would have passed; nil where it was let through.
    package let refused: LimitStanding?
    /// Whether only time helps, and not the end of other calls.
    package let isUsedUp: Bool
    /// All limits that apply, with this call counted where it was let through.
    package let standings: [LimitStanding]

    package init(_ standings: [LimitStanding], refused: LimitStanding? = nil, isUsedUp: Bool = false) {
        self.standings = standings
        self.refused = refused
        self.isUsedUp = isUsedUp
    }

    package static func == (one: LimitReport, other: LimitReport) -> Bool {
        one.refused == other.refused && one.isUsedUp == other.isUsedUp && one.standings == other.standings
    }
}
