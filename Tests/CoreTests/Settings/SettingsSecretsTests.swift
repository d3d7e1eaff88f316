import Core
import Testing

@Suite struct SettingsSecretsTests {
    private static let marker = "Xq7secretXq7"

    private func key(of settings: Settings) -> String? {
        guard case .openAI(let account)? = settings.openAI.accounts.first?.kind else { return nil }
        return account.apiKey?.value
    }

    @Test func `a secret comes from the settings, from a variable or from a file`() throws {
        let folder = try TemporaryFolder()
        try folder.write("key.txt", "from file\r\n\n".replacing(" ", with: "-"))
        func account(_ member: String) throws -> Settings {
            try decode(
                "{\"openai\": {\"instances\": [{\"base_url\": \"http://h\", \(member)}]}}",
                environment: ["KEY": "from-variable"], base: folder.path
            ).settings
        }

        #expect(try key(of: account(#""api_key": "from-settings""#)) == "from-settings")
        #expect(try key(of: account(#""api_key_env": "KEY""#)) == "from-variable")
        #expect(try key(of: account(#""api_key_file": "key.txt""#)) == "from-file")
        #expect(try key(of: account("\"api_key_file\": \"\(folder.path)/key.txt\"")) == "from-file")
        #expect(try key(of: account(#""api_key": null"#)) == nil)
    }

    @Test func `a file without a usable secret is a problem`() throws {
        let folder = try TemporaryFolder()
        try folder.write("empty", "\n")
        try folder.write("lines", "a\nb\n")
        _ = try folder.write("bytes", [0xFF, 0xFE])
        try folder.write("long", String(repeating: "x", count: 70_000))

        for name in ["empty", "lines", "bytes", "long", "."] {
            let found = try problems(
                "{\"openai\": {\"instances\": [{\"access_token_file\": \"\(name)\"}]}}", base: folder.path)
            #expect(found.map(\.path) == ["openai.instances[0].access_token_file"], "\(name)")
        }
    }

    @Test func `an empty variable is a problem`() throws {
        let found = try problems(
            #"{"openai": {"instances": [{"email": "a@b.c", "password_env": "P"}]}}"#, environment: ["P": ""])

        #expect(found.map(\.path) == ["openai.instances[0].password_env"])
        #expect(found.first?.found.contains("empty") == true)
    }

    @Test func `no secret shows in settings that are printed, dumped or reflected`() throws {
        let marker = Self.marker
        let (settings, warnings) = try decode(
            """
            {"openai": {"instances": [{"base_url": "http://h", "api_key": "\(marker)1"},
              {"email": "a@b.c", "password": "\(marker)2", "access_token": "\(marker)3", "session_token": "\(marker)4",
               "refresh_token": "\(marker)5", "proxy": "socks5://user:\(marker)6@h:1"}]},
             "api_server": {"default_proxy": "http://\(marker)7:x@h:1"}}
            """)

        var dumped = ""
        dump(settings, to: &dumped)
        for output in ["\(settings)", String(reflecting: settings), dumped, "\(warnings)"] {
            #expect(!output.contains(marker))
        }
        #expect(dumped.contains("•••"))
        #expect(settings.server.defaultProxy?.url == "http://\(marker)7:x@h:1")
    }

    @Test(arguments: [
        #"{"openai": {"instances": [{"base_url": "http://h", "api_key": "SECRET SECRET"}]}}"#,
        #"{"openai": {"instances": [{"base_url": "http://h", "api_key": ["SECRET"]}]}}"#,
        #"{"openai": {"instances": [{"base_url": "http://h", "api_key_env": "SECRET"}]}}"#,
        #"{"openai": {"instances": [{"base_url": "http://h", "api_key_file": "SECRET"}]}}"#,
        #"{"openai": {"instances": [{"base_url": "http://h", "api_key": "SECRET", "api_key_env": "SECRET"}]}}"#,
        #"{"openai": {"instances": [{"email": "a@b.c", "password": "SECRET\n"}]}}"#,
        #"{"openai": {"instances": [{"base_url": "http://h", "proxy": "socks5://h:1:user:SECRET"}]}}"#,
        #"{"openai": {"base_url": "https://user:SECRET@xSECRET@h"}}"#,
        #"{"openai": {"base_url": "https://h/v1?key=SECRET"}}"#,
        #"{"openai": {"base_url": "user:SECRET@h"}}"#,
        #"{"openai": {"base_url": "user:SECRET://SECRET@h"}}"#,
        #"{"openai": {"base_url": "https://user:SECRET?SECRET#SECRET/SECRET@h"}}"#,
        #"{"openai": {"base_url": "https://h/v1?key=SECRET@h?SECRET"}}"#,
        #"{"api_server": {"default_proxy": "user:SECRET@h:1"}}"#,
        #"{"api_server": {"wan_url": "https://SECRET@h:99999"}}"#,
    ])
    func `no secret shows in a problem`(_ text: String) throws {
        let error = try #require(throws: SettingsError.self) { try decode(text) }

        #expect(!error.problems.isEmpty)
        #expect(!"\(error)".contains("SECRET"))
        #expect(!"\(error.problems) \(error.warnings)".contains("SECRET"))
    }
}
