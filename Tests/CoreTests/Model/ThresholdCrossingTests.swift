import Testing

@testable import Core

struct ThresholdCrossingTests {
    private let calendar = LimitCalendar()

    private func period(_ time: String) throws -> LimitPeriod {
        calendar.period(at: try #require(Timestamp(rfc3339: time)))
    }

    private func standing(
        _ kind: Limits.Kind, used: Int, reserved: Int = 0, max: Int = 1000, in period: LimitPeriod
    ) -> LimitStanding {
        LimitStanding(
            LimitSubject(.user, "7"), kind, used: used, reserved: reserved, max: max,
            resetsAt: kind == .tokensPerDay ? period.dayEnd : period.monthEnd)
    }

    @Test(arguments: [(0, []), (799, []), (800, [80]), (999, [80]), (1000, [80, 100]), (5000, [80, 100])])
    func `what is settled counts, each percentage by itself`(used: Int, told: [Int]) throws {
        let period = try period("2026-12-01T09:00:00Z")
        let standing = standing(.tokensPerDay, used: used, reserved: 900, in: period)
        #expect(standing.crossings(of: [100, 80], in: period).map(\.percent) == told)
    }

    @Test func `the largest limits are reckoned exactly`() throws {
        let period = try period("2026-12-01T09:00:00Z")
        let most = Money.largest
        #expect(standing(.costPerMonth, used: most - 1, max: most, in: period).crossings(of: [100], in: period).isEmpty)
        #expect(standing(.costPerMonth, used: .max, max: most, in: period).crossings(of: [100], in: period).count == 1)
    }

    @Test(arguments: [Limits.Kind.requestsPerMinute, .tokensPerMinute, .concurrent])
    func `minutes and concurrent calls have no thresholds`(kind: Limits.Kind) throws {
        let period = try period("2026-12-01T09:00:00Z")
        #expect(standing(kind, used: 1000, in: period).crossings(of: [1], in: period).isEmpty)
    }

    @Test func `a limit of nothing cannot be used up`() throws {
        let period = try period("2026-12-01T09:00:00Z")
        #expect(standing(.tokensPerDay, used: 0, max: 0, in: period).crossings(of: [80], in: period).isEmpty)
    }

    @Test func `a new period tells again, under another id`() throws {
        let times = ["2026-12-01T00:00:00Z", "2026-12-01T23:59:59Z", "2026-12-02T00:00:00Z", "2027-01-01T00:00:00Z"]
        let (days, months) = try (
            times.map { time in
                let period = try period(time)
                return standing(.tokensPerDay, used: 900, in: period).crossings(of: [80], in: period)[0]
            },
            times.map { time in
                let period = try period(time)
                return standing(.tokensPerMonth, used: 900, in: period).crossings(of: [80], in: period)[0]
            }
        )
        #expect(days.map(\.period) == ["2026-12-01", "2026-12-01", "2026-12-02", "2027-01-01"])
        #expect(months.map(\.period) == ["2026-12", "2026-12", "2026-12", "2027-01"])
        #expect(days[0].id == days[1].id && Set(days.map(\.id)).count == 3)
        #expect(months[0].id == months[2].id && Set(months.map(\.id)).count == 2)
        #expect(Set((days + months).map(\.id)).count == 5)
    }

    @Test func `a standing that was taken in another period is passed over`() throws {
        let (before, after) = (try period("2026-12-01T23:59:59Z"), try period("2026-12-02T00:00:00Z"))
        #expect(standing(.tokensPerDay, used: 900, in: before).crossings(of: [80], in: after).isEmpty)
    }

    @Test func `the body says what happened, and costs are decimal numbers of a currency`() throws {
        let period = try period("2026-12-01T09:00:00Z")
        let at = try #require(Timestamp(rfc3339: "2026-12-01T09:00:00Z"))
        let cost = standing(.costPerMonth, used: 8_500_000_000, max: 10_000_000_000, in: period)
        let crossing = try #require(cost.crossings(of: [80], in: period).first)
        let body = crossing.body(subject: ["type": "user", "id": "ada", "owner": "self"], at: at, currency: "EUR")
        #expect(
            body.object?.names == [
                "id", "type", "at", "subject", "kind", "percent", "used", "max", "period", "resets_at", "currency",
            ])
        #expect(body["used"]?.text == "8.5" && body["max"]?.text == "10" && body["currency"] == "EUR")
        #expect(body["period"] == "2026-12" && body["resets_at"]?.string?.hasPrefix("2027-01-01T00:00:00") == true)
        #expect(body["id"]?.string == crossing.id && crossing.id.utf8.count == 32)
        let tokens = standing(.tokensPerDay, used: 800, in: period).crossings(of: [80], in: period)[0]
        #expect(tokens.body(subject: [:], at: at, currency: "EUR")["currency"] == nil)
    }
}
