import Testing

@testable import Core

@Suite struct SettingsPricesTests {
    @Test func `prices are read to the last digit`() throws {
        let settings = try decode(
            #"{"prices": {"currency": "EUR", "gpt-4o": {"input": 2.5, "cached_input": 0.000000001, "output": 10}, "m": {"input": 0, "output": 1e-3}}, "limits": {"time_zone": "Europe/Berlin"}}"#
        ).settings
        let price = try #require(settings.prices.models["gpt-4o"])
        #expect(price.input.text == "2.5" && price.cachedInput.nano == 1 && price.output.text == "10")
        #expect(settings.prices.models["m"]?.cachedInput.text == "0")
        #expect(settings.prices.models["m"]?.output.text == "0.001")
        #expect(settings.prices.currency == "EUR" && settings.limits.timeZone.name == "Europe/Berlin")
        #expect(Settings().prices == Prices() && Settings().limits.timeZone == .utc)
    }

    @Test func `once there are prices, models of accounts without one are warned about`() throws {
        let accounts = #""openai": {"instances": [{"id": "a", "base_url": "http://x/v1", "models": ["m", "n"]}]}"#
        func warnings(_ prices: String) throws -> [String] {
            try decode("{\(accounts), \"prices\": \(prices)}").warnings.map { "\($0)" }.filter { $0.contains("price") }
        }
        #expect(try warnings("{}").isEmpty)
        let found = try warnings(#"{"currency": "EUR", "m": {"input": 1, "output": 2}}"#)
        #expect(found.count == 1 && found[0].contains("prices.n"))
        #expect(try warnings(#"{"m": {"input": 1, "output": 2}, "n": {"input": 1, "output": 2}}"#).count == 1)
    }

    @Test(arguments: [
        (#"{"m": {"input": -1, "output": 1}}"#, "prices.m.input"),
        (#"{"m": {"input": "1", "output": 1}}"#, "prices.m.input"),
        (#"{"m": {"input": 1000001, "output": 1}}"#, "prices.m.input"),
        (#"{"m": {"input": 0.0000000001, "output": 1}}"#, "prices.m.input"),
        (#"{"m": {"input": 1}}"#, "prices.m.output"),
        (#"{"m": 1}"#, "prices.m"),
        (#"{"currency": "E U"}"#, "prices.currency"),
    ])
    func `prices that are none are problems`(text: String, path: String) throws {
        #expect(try problems("{\"prices\": \(text)}").contains { $0.path == path })
    }

    @Test func `a zone that the system does not know is a problem`() throws {
        #expect(try problems(#"{"limits": {"time_zone": "Mars/Base"}}"#).map(\.path) == ["limits.time_zone"])
    }
}
