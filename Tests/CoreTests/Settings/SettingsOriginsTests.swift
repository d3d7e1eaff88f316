import Testing

@testable import Core

@Suite struct SettingsOriginsTests {
    private func server(_ origins: String) -> String { "{\"api_server\": {\"cors_origins\": \(origins)}}" }

    @Test(
        arguments: [
            ("[]", []), ("[\"https://app.example.org\"]", ["https://app.example.org"]),
            (
                "[\"HTTPS://App.Example.org:443\", \"http://[::1]:3000\"]",
                ["https://app.example.org", "http://[::1]:3000"]
            ),
            ("[\"http://a:80\", \"http://a:443\"]", ["http://a", "http://a:443"]),
            ("[\"chrome-extension://abc\", \"app://obsidian.md\"]", ["chrome-extension://abc", "app://obsidian.md"]),
        ] as [(String, [String])])
    func `origins are read as browsers write them`(written: String, read: [String]) throws {
        let (settings, warnings) = try decode(server(written))
        #expect(settings.server.corsOrigins == read)
        #expect(!warnings.contains { $0.path == "api_server.cors_origins" })
    }

    @Test(
        arguments: [
            ("[\"https://app.example.org/\"]", "did you mean [\"https://app.example.org\"]?"),
            ("[\"https://app.example.org/chat?a\"]", "did you mean [\"https://app.example.org\"]?"),
            ("\"https://app.example.org\"", "did you mean [\"https://app.example.org\"]?"),
            ("[\"app.example.org\"]", "did you mean [\"https://app.example.org\"]?"),
            ("[\"null\", 5]", nil), ("[\"\"]", nil), ("true", nil), ("[\"https://u:p@a\"]", nil), ("{}", nil),
            ("[\"https://*.example.org\"]", nil), ("[\"https://a b\"]", nil), ("[\"https://a\\\"; return 200\"]", nil),
        ] as [(String, String?)])
    func `what is no origin is a problem`(written: String, hint: String?) throws {
        let problem = try #require(try problems(server(written)).first)
        #expect(problem.path == "api_server.cors_origins")
        if let hint { #expect(problem.hint == hint) }
    }

    @Test func `all origins are a warning, and a slip in the key is told`() throws {
        let (settings, warnings) = try decode(server("[\"*\"]"))
        #expect(settings.server.corsOrigins == ["*"])
        #expect(warnings.contains { $0.path == "api_server.cors_origins" })
        let slips = try decode("{\"api_server\": {\"cors_origin\": [], \"max_v1_body_byte\": 1}}").warnings
        #expect(slips.contains { $0.message.contains("did you mean `cors_origins`?") })
        #expect(slips.contains { $0.message.contains("did you mean `max_v1_body_bytes`?") })
    }
}
