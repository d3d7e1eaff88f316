import Testing

@testable import Core

struct UsageTests {
    private func money(_ text: String) throws -> Money { try #require(Money(text: text)) }
    private func day(_ text: String) throws -> Day { try #require(Day(text)) }

    @Test func `a row comes back from its line as it was`() throws {
        var row = UsageRow(
            at: Timestamp(microsecondsSinceEpoch: 1_700_000_000_000_001), day: try day("2023-11-14"),
            requestID: "r", account: "a", model: "m", kind: .title,
            usage: TokenUsage(prompt: 10, completion: 4, cached: 3, reasoning: 2, isEstimated: true),
            price: ModelPrice(input: try money("2.5"), cachedInput: try money("1.25"), output: try money("10")),
            currency: "EUR", milliseconds: 120, outcome: .interrupted)
        (row.turn, row.user, row.client, row.key) = ("t", "1", "2", "k")
        (row.group, row.costCenter, row.conversation) = ("g", "4711", "c")

        #expect(UsageRow(json: row.json) == row)
        #expect(row.cost?.text == "0.00006125")
        let bare = UsageRow(
            at: .now, day: .init(utc: .now), account: "a", kind: .v1, usage: .init(prompt: 0, completion: 0))
        #expect(UsageRow(json: bare.json) == bare && bare.cost == nil)
    }

    @Test func `a row of which something is missing or absurd is none`() throws {
        let row = UsageRow(
            at: .now, day: try day("2023-11-14"), account: "a", kind: .chat, usage: .init(prompt: 1, completion: 1))
        for (name, value) in [("at", JSON("x")), ("day", "2023-02-30"), ("kind", "other"), ("prompt", -1)] {
            var object = try #require(row.json.object)
            object[name] = value
            #expect(UsageRow(json: .object(object)) == nil)
        }
        #expect(UsageRow(json: .null) == nil)
    }

    @Test func `costs are exact and rounded once`() throws {
        let price = ModelPrice(input: try money("0.15"), cachedInput: try money("0.075"), output: try money("0.6"))
        #expect(price.cost(of: .init(prompt: 1_000_000, completion: 0)).text == "0.15")
        #expect(price.cost(of: .init(prompt: 3, completion: 7, cached: 2)).text == "0.0000045")
        // Half of a billionth is one, less is none.
        let tiny = ModelPrice(input: try money("0.000500"), output: try money("0"))
        #expect(tiny.cost(of: .init(prompt: 1, completion: 0)).nano == 1)
        #expect(tiny.cost(of: .init(prompt: 1, completion: 0, cached: 9)).nano == 1)
        let other = ModelPrice(input: try money("0.000499"), output: try money("0"))
        #expect(other.cost(of: .init(prompt: 1, completion: 0)).nano == 0)
        let dear = ModelPrice(input: Money(nano: Money.largest), output: Money(nano: Money.largest))
        #expect(dear.cost(of: .init(prompt: 1_000_000_000, completion: 1_000_000_000)).text == "1000000")
    }

    @Test func `the model that was asked for has its price before the one that answered`() throws {
        let (one, two) = (
            ModelPrice(input: try money("1"), output: try money("1")),
            ModelPrice(input: try money("2"), output: try money("2"))
        )
        let prices = Prices(models: ["m": one, "m-2024": two])
        #expect(prices.price(of: "m", "m-2024") == one)
        #expect(prices.price(of: nil, "m-2024") == two)
        #expect(prices.price(of: "unknown", "m-2024") == two)
        #expect(prices.price(of: "unknown", nil) == nil)
    }

    @Test func `cached and reasoning tokens are read and written as the OpenAI API has them`() throws {
        let json = try JSONReader.read(
            #"{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":99}}"#
        )
        let usage = try #require(TokenUsage(json: json))
        #expect(usage == TokenUsage(prompt: 10, completion: 5, cached: 8, reasoning: 5))
        #expect(TokenUsage(json: usage.json) == usage)
        // Records of the version before have neither.
        let old = try #require(TokenUsage(json: ["prompt_tokens": 1, "completion_tokens": 2]))
        #expect(old.cached == 0 && old.reasoning == 0 && old.json["prompt_tokens_details"] == nil)
        let odd: JSON = ["prompt_tokens": 1, "completion_tokens": 2, "prompt_tokens_details": ["cached_tokens": -5]]
        #expect(TokenUsage(json: odd)?.cached == 0)
    }

    @Test func `days are those of the zone, summer time included`() throws {
        let berlin = try #require(TimeZone(named: "Europe/Berlin"))
        func day(_ text: String, _ zone: TimeZone) throws -> String {
            zone.day(of: try #require(Timestamp(rfc3339: text))).text
        }
        #expect(try day("2026-12-31T22:59:59Z", berlin) == "2026-12-31")
        #expect(try day("2026-12-31T23:00:00Z", berlin) == "2027-01-01")
        #expect(try day("2026-07-01T21:59:59Z", berlin) == "2026-07-01")
        #expect(try day("2026-07-01T22:00:00Z", berlin) == "2026-07-02")
        #expect(try day("2026-07-01T23:59:59Z", .utc) == "2026-07-01")
        let kiritimati = try #require(TimeZone(named: "Pacific/Kiritimati"))
        #expect(try day("2026-01-01T10:00:00Z", kiritimati) == "2026-01-02")
        for name in ["", "Mars/Base", "../../etc/passwd", "Europe//Berlin", "Europe"] {
            #expect(TimeZone(named: name) == nil)
        }
    }

    @Test func `only days of the calendar are days`() throws {
        for text in ["2026-02-29", "2026-13-01", "2026-1-01", "2026-01-01 ", "20260101xx", "", "2026-01-0٣"] {
            #expect(Day(text) == nil)
        }
        #expect(try day("2024-03-01").before(1).text == "2024-02-29")
        #expect(try day("2026-01-01").before(29).text == "2025-12-03")
    }

    @Test func `cells are quoted, and what looks like a formula is text`() {
        func text(_ cells: String...) -> String { String(decoding: CSV.record(cells), as: UTF8.self) }
        #expect(text("a", "", "b c") == "a,,b c\r\n")
        #expect(text("a,b", "say \"hi\"", "two\nlines") == "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\r\n")
        for first in ["=", "+", "-", "@", "\t", "\r"] { #expect(text("\(first)1+1") == "\"'\(first)1+1\"\r\n") }
        #expect(text("1-1") == "1-1\r\n")
    }
}
