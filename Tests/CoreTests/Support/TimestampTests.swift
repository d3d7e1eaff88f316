import Testing

@testable import Core

struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"), (1, "1970-01-01T00:00:00.000001Z"),
            (1_795_426_200_000_125, "2026-11-23T09:30:00.000125Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
        ] as [(Int64, String)])
    func `a moment is written and read back in UTC`(microseconds: Int64, text: String) {
        let time = Timestamp(microsecondsSinceEpoch: microseconds)
        #expect(time.rfc3339 == text)
        #expect(Timestamp(rfc3339: text) == time)
    }

    @Test(arguments: [Int64(1_795_426_200_000_125), 1_795_426_200_000_000, 1_750_000_000_999_999])
    func `a moment is written and read back in local time`(microseconds: Int64) {
        let time = Timestamp(microsecondsSinceEpoch: microseconds)
        #expect(Timestamp(localText: time.localText) == time)
    }

    @Test(
        arguments: [
            ("2026-11-23T09:30:00Z", 0), ("2026-11-23T09:30:00.5Z", 500_000), ("2026-11-23T09:30:00.000125999Z", 125),
        ] as [(String, Int64)])
    func `the fraction may be missing, shorter or longer`(text: String, microseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.microsecondsSinceEpoch == 1_795_426_200_000_000 + microseconds)
    }

    @Test func `local time without a fraction is a whole second`() {
        let whole = Timestamp(microsecondsSinceEpoch: 1_795_426_200_000_000)
        #expect(Timestamp(localText: String(whole.localText.prefix(19))) == whole)
    }

    @Test(arguments: [
        "", "2026-11-23", "2026-11-23T09:30:00", "2026-11-23 09:30:00Z", "2026-13-23T09:30:00Z", "2026-00-23T09:30:00Z",
        "2026-11-32T09:30:00Z", "2026-11-23T24:30:00Z", "2026-11-23T09:60:00Z", "2026-11-23T09:30:61Z",
        "2026-11-23T09:30:00.Z", "2026-11-23T09:30:00.xZ", "1969-11-23T09:30:00Z", "2026-11-23T09:30Z   ",
        "é026-11-23T09:30:00Z", "2026-02-31T09:30:00Z", "2026-02-29T09:30:00Z", "1900-02-29T09:30:00Z",
        "2100-02-29T09:30:00Z", "2026-04-31T09:30:00Z", "2026-11-31T09:30:00Z", "2026-11-00T09:30:00Z",
    ])
    func `anything else is no moment`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test(arguments: ["2024-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "2026-02-28T00:00:00Z", "2026-12-31T00:00:00Z"])
    func `the last day of a month is a day`(text: String) {
        #expect(Timestamp(rfc3339: text)?.rfc3339 == Text.replacing("Z", in: text, with: ".000000Z"))
    }

    @Test func `sums, differences and texts of durations agree`() {
        let time = Timestamp(microsecondsSinceEpoch: 1_000_000)
        #expect((time + .milliseconds(1500)) - time == .milliseconds(1500))
        #expect(Duration.milliseconds(1500).wholeSeconds == 2)
        #expect(Duration.seconds(-3).wholeSeconds == 0)
        #expect(Duration.milliseconds(1059).secondsText == "1.05")
    }
}
