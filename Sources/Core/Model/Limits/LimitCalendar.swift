import Synchronization

/// The days and months in which limits count, where the organisation is.
package final class LimitCalendar: Sendable {
    package let zone: TimeZone
    /// The last answer, which holds for the rest of its day.
    private let last = Mutex<(from: Timestamp, period: LimitPeriod)?>(nil)

    package init(zone: TimeZone = .utc) { self.zone = zone }

    package func period(at time: Timestamp) -> LimitPeriod {
        last.withLock { last in
            if let last, last.from <= time, time < last.period.dayEnd { return last.period }
            let period = find(time)
            last = (time, period)
            return period
        }
    }

    private func find(_ time: Timestamp) -> LimitPeriod {
        let second = (time.microsecondsSinceEpoch - 999_999 * (time.microsecondsSinceEpoch < 0 ? 1 : 0)) / 1_000_000
        let day = day(at: second)
        let civil = CivilDay(number: day)
        let next = CivilDay(
            year: civil.month == 12 ? civil.year + 1 : civil.year, month: civil.month % 12 + 1, day: 1)
        return LimitPeriod(
            day: day, month: civil.year * 12 + civil.month - 1,
            dayEnd: start(of: day + 1, after: second, within: 3),
            monthEnd: start(of: next.number, after: second, within: 34))
    }

    private func day(at second: Int64) -> Int {
        Int((Double(second + Int64(zone.offset(at: second))) / 86_400).rounded(.down))
    }

    /// The first second of a day, which is not midnight where the clocks are changed then.
    private func start(of wanted: Int, after second: Int64, within days: Int64) -> Timestamp {
        var (low, high) = (second, second + days * 86_400)
        while low + 1 < high {
            let middle = (low + high) / 2
            if day(at: middle) >= wanted { high = middle } else { low = middle }
        }
        return Timestamp(microsecondsSinceEpoch: high * 1_000_000)
    }
}
