/// More than the limits say, for a while and for a reason.
package struct LimitRaise: Sendable, Equatable {
    /// How much more, by kind; not for all kinds that are limited.
    package var by: Limits
    package var until: Timestamp
    package var reason: String

    package init(by: Limits, until: Timestamp, reason: String) {
        self.by = by
        self.until = until
        self.reason = reason
    }

    package var json: JSON {
        ["by": by.json, "until": JSON(until.rfc3339), "reason": JSON(reason)]
    }

    init?(json: JSON) {
        guard let by = json["by"].flatMap({ try? Limits(json: $0) }),
            let until = json["until"]?.string.flatMap(Timestamp.init(rfc3339:)), let reason = json["reason"]?.string
        else { return nil }
        self.init(by: by, until: until, reason: reason)
    }
}

extension Limits {
    /// With what raises add at that time; where there is no limit there is nothing to add to.
    package func raised(by raises: [LimitRaise], at time: Timestamp) -> Limits {
        var raised = self
        for raise in raises where raise.until > time {
            for kind in Kind.allCases {
                guard let more = raise.by.most(kind), let most = raised.most(kind) else { continue }
                raised[kind] = .most(min(most + more, kind.largest))
            }
        }
        return raised
    }
}
