/// That something has used a part of one of its limits in a day or a month, which is told once.
package struct ThresholdCrossing: Sendable, Equatable {
    package var standing: LimitStanding
    package var percent: Int
    /// `2026-12-01`, or `2026-12` of a month.
    package var period: String
    /// When the period is over.
    package var end: Timestamp

    /// Always the same for the same crossing, whoever notices it and whenever, so that receivers know doubles by it.
    package var id: String {
        let parts = [
            standing.subject.kind.rawValue, standing.subject.name, standing.kind.rawValue, String(percent), period,
        ]
        return String(Hex.sha256(parts.joined(separator: "\0")).prefix(32))
    }

    /// What the receiver is told.
    ///
    /// - Parameters:
    ///   - subject: Whom or what the limit is about, as the operator names it.
    ///   - currency: Of costs; nil where the operator named none.
    package func body(subject: JSON, at time: Timestamp, currency: String?) -> JSON {
        let shown = standing.json
        var body: JSONObject = JSONObject()
        body["id"] = JSON(id)
        body["type"] = "usage.threshold"
        body["at"] = JSON(time.rfc3339)
        body["subject"] = subject
        body["kind"] = JSON(standing.kind.rawValue)
        body["percent"] = JSON(percent)
        body["used"] = shown["used"]
        body["max"] = shown["max"]
        body["period"] = JSON(period)
        body["resets_at"] = JSON(end.rfc3339)
        if standing.kind == .costPerMonth { body["currency"] = currency.map { JSON($0) } }
        return .object(body)
    }
}

extension LimitStanding {
    /// The thresholds that what is settled has come to, the lowest first.
    ///
    /// Each of those that were passed together is one of its own. Limits of a minute and of concurrent calls have none,
    /// and a limit of nothing, which cannot be used up, has none either.
    ///
    /// - Parameter period: The current one. Of a standing of another there are none.
    package func crossings(of percents: [Int], in period: LimitPeriod) -> [ThresholdCrossing] {
        let time: (name: String, end: Timestamp)
        switch kind {
        case .tokensPerDay: time = (period.dayName, period.dayEnd)
        case .tokensPerMonth, .costPerMonth: time = (period.monthName, period.monthEnd)
        case .requestsPerMinute, .tokensPerMinute, .concurrent: return []
        }
        guard max > 0, resetsAt == time.end else { return [] }
        return percents.sorted().filter { Int128(used) * 100 >= Int128(max) * Int128($0) }.map {
            ThresholdCrossing(standing: self, percent: $0, period: time.name, end: time.end)
        }
    }
}

extension LimitPeriod {
    fileprivate var dayName: String { today.text }

    fileprivate var monthName: String { String(firstDay.text.prefix(7)) }
}

/// A crossing that is to be told: what is kept of it until that is done.
package struct ThresholdCall: Sendable, Equatable {
    /// That of the crossing.
    package var id: String
    /// When the crossing was noticed.
    package var at: Timestamp
    /// Until when the same crossing is not told again.
    package var end: Timestamp
    package var body: JSON

    package init(id: String, at: Timestamp, end: Timestamp, body: JSON) {
        self.id = id
        self.at = at
        self.end = end
        self.body = body
    }

    package init(_ crossing: ThresholdCrossing, subject: JSON, at time: Timestamp, currency: String?) {
        self.init(
            id: crossing.id, at: time, end: crossing.end,
            body: crossing.body(subject: subject, at: time, currency: currency))
    }
}
