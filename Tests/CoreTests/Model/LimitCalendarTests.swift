import Testing

@testable import Core

/// Days and months as people where the organisation is count them.
struct LimitCalendarTests {
    private func period(_ zone: String, _ time: String) throws -> LimitPeriod {
        let calendar = LimitCalendar(zone: try #require(TimeZone(named: zone)))
        return calendar.period(at: try #require(Timestamp(rfc3339: time)))
    }

    @Test(arguments: [
        ("UTC", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00", "2027-01-01T00:00:00"),
        ("Europe/Berlin", "2026-12-31T22:59:59Z", "2026-12-31T23:00:00", "2026-12-31T23:00:00"),
        // 23 and 25 hours.
        ("Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00", "2026-03-31T22:00:00"),
        ("Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00", "2026-10-31T23:00:00"),
        // Beyond the table of the file, where the rule counts.
        ("America/New_York", "2060-07-04T12:00:00Z", "2060-07-05T04:00:00", "2060-08-01T04:00:00"),
        ("Australia/Sydney", "2055-01-10T12:00:00Z", "2055-01-10T13:00:00", "2055-01-31T13:00:00"),
        ("Asia/Kolkata", "2026-02-28T18:29:59Z", "2026-02-28T18:30:00", "2026-02-28T18:30:00"),
        // The clock jumps from midnight to 1:00, so the day begins then.
        ("Africa/Cairo", "2026-04-23T12:00:00Z", "2026-04-23T22:00:00", "2026-04-30T21:00:00"),
    ])
    func `ends of days and months`(zone: String, time: String, dayEnd: String, monthEnd: String) throws {
        let period = try period(zone, time)

        #expect(period.dayEnd.rfc3339 == "\(dayEnd).000000Z")
        #expect(period.monthEnd.rfc3339 == "\(monthEnd).000000Z")
    }

    @Test func `a calendar answers for times before and after the last one`() throws {
        let calendar = LimitCalendar(zone: try #require(TimeZone(named: "Europe/Berlin")))
        let time = try #require(Timestamp(rfc3339: "2026-12-31T12:00:00Z"))

        let days = [0, 36, 60, -24, 0].map { calendar.period(at: time + .seconds($0 * 3600)).day - 20_818 }

        #expect(days == [0, 2, 3, -1, 0])
        #expect(calendar.period(at: time).month == 2026 * 12 + 11)
    }

    @Test(arguments: ["", "Nowhere/City", "../etc/passwd", "/etc/localtime", "Europe", "Europe/../UTC", "zone.tab"])
    func `a name that is no zone`(name: String) { #expect(TimeZone(named: name) == nil) }

    @Test(arguments: [
        "", "CET", "CET-1CEST", "CET-1CEST,M3.5.0",
        "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0x",
    ])
    func `a rule that is none`(text: String) { #expect(TimeZoneRule(text) == nil) }

    @Test func `days of the calendar there and back`() {
        for number in stride(from: -800_000, to: 800_000, by: 97) {
            let day = CivilDay(number: number)
            #expect(CivilDay(year: day.year, month: day.month, day: day.day).number == number)
        }
        #expect(CivilDay(year: 2000, month: 2, day: 29).number == 11_016)
    }
}
