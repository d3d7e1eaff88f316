import Testing

@testable import Core

struct SettingsLimitsTests {
    private func decode(_ text: String) throws -> (settings: Settings, warnings: [SettingsWarning]) {
        try Settings.decode(
            JSONReader.read(Array(text.utf8), limits: .trusted), environment: [:], secretsBase: "/tmp")
    }

    @Test func `limits are read kind by kind, and null is none`() throws {
        let limits = try decode(
            #"""
            {"limits": {"user": {"requests_per_minute": 20, "cost_per_month": 2.5, "concurrent": null},
             "models": {"gpt-4/x": {"tokens_per_day": 7}}, "pools": {"plus": {"concurrent": 3}},
             "time_zone": "Europe/Berlin", "soft_percent": 90, "on_soft_limit": {"model": "small"}}}
            """#
        ).settings.limits

        #expect(limits.user.most(.requestsPerMinute) == 20 && limits.user.most(.costPerMonth) == 2_500_000_000)
        #expect(limits.user[.concurrent] == Limits.Bound.none && limits.user[.tokensPerDay] == nil)
        #expect(limits.models["gpt-4/x"]?.most(.tokensPerDay) == 7 && limits.pools["plus"]?.most(.concurrent) == 3)
        #expect(limits.timeZone.name == "Europe/Berlin" && limits.softPercent == 90 && limits.softModel == "small")
    }

    @Test func `without the section nothing is limited`() throws {
        #expect(try decode("{}").settings.limits == Settings.LimitSettings())
    }

    @Test func `names that are not known are guessed`() throws {
        let warnings = try decode(
            #"""
            {"openai": {"instances": [{"id": "main", "base_url": "http://127.0.0.1/v1"}]},
             "limits": {"user": {"token_per_day": 1}, "accounts": {"mian": {"concurrent": 1}}, "pools": {"plsu": {}}}}
            """#
        ).warnings

        let told = warnings.map { "\($0.path): \($0.message)" }.joined(separator: "\n")
        for (path, guess) in [
            ("user.token_per_day", "tokens_per_day"), ("accounts.mian", "main"), ("pools.plsu", "plus"),
        ] {
            #expect(told.contains("limits.\(path): this key is unknown and has no effect; did you mean `\(guess)`?"))
        }
    }
}
