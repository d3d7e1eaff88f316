import Core
import Glibc
import Testing

@Suite struct SettingsFileTests {
    private func failure(_ path: String) throws -> SettingsProblem {
        let error = try #require(throws: SettingsError.self) { try Settings.load(path: path, environment: [:]) }
        #expect(error.problems.count == 1)
        return try #require(error.problems.first)
    }

    @Test func `a file that is missing, a directory or too large is one problem that names it`() throws {
        let folder = try TemporaryFolder()
        let large = try folder.write("large.json", String(repeating: " ", count: (4 << 20) + 1))

        let missing = try failure("\(folder.path)/missing.json")
        #expect(missing.path == "\(folder.path)/missing.json" && missing.found.contains("does not exist"))
        #expect(try failure(folder.path).found.contains("not a regular file"))
        #expect(try failure(large).found.contains("more than"))
    }

    @Test func `a syntax error is reported with line and column`() throws {
        let folder = try TemporaryFolder()
        let comma = try folder.write("comma.json", "{\n  \"é\": 1,\n  \"ö\": 2,, \n}")
        let twice = try folder.write("twice.json", "{\"openai\": {},\n \"openai\": {}}")
        let empty = try folder.write("empty.json", "")

        #expect(try failure(comma).path == "\(comma):3:10")
        #expect(try failure(twice).path == "\(twice):2:2")
        #expect(try failure(twice).found.contains("twice"))
        #expect(try failure(empty).path == "\(empty):1:1")
    }

    @Test(arguments: [
        (#"{"base_url": "http://h", "api_key": "k"}"#, mode_t(0o640), true),
        (#"{"base_url": "http://h", "api_key": "k"}"#, 0o604, true),
        (#"{"base_url": "http://h", "api_key": "k"}"#, 0o600, false),
        (#"{"base_url": "http://h", "proxy": "socks5://u:p@h:1"}"#, 0o644, true),
        (#"{"base_url": "http://h", "api_key_env": "KEY"}"#, 0o644, false),
        (#"{"base_url": "http://h"}"#, 0o644, false),
    ])
    func `secrets in a file that others may read are a warning`(
        _ account: String, _ mode: mode_t, _ isWarned: Bool
    ) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("settings.json", "{\"openai\": {\"instances\": [\(account)]}}", mode: mode)

        let (_, warnings) = try Settings.load(path: path, environment: ["KEY": "k"])

        #expect(warnings.contains { $0.path == path } == isWarned)
        #expect(warnings.count == (isWarned ? 1 : 0))
    }

    @Test func `relative names begin at the directory of the settings`() throws {
        let folder = try TemporaryFolder()
        try folder.write("token", "t\n")
        try folder.write("c.pem", "c")
        try folder.write("k.pem", "k")
        let path = try folder.write(
            "settings.json",
            """
            {"openai": {"instances": [{"access_token_file": "token"}]},
             "api_server": {"tls": {"certificate": "c.pem", "certificate_key": "\(folder.path)/k.pem"}}}
            """)

        let (settings, warnings) = try Settings.load(path: path, environment: [:])

        #expect(settings.openAI.accounts.map(\.kind) == [.chatGPT(.init(accessToken: Secret("t")))])
        let tls = Settings.Server.TLS(certificate: "\(folder.path)/c.pem", certificateKey: "\(folder.path)/k.pem")
        #expect(settings.server.tls == tls)
        #expect(warnings.isEmpty)
    }

    @Test func `the shipped settings are valid and have the embedded upstream only`() throws {
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let (settings, warnings) = try Settings.load(path: "/\(root)/settings.json", environment: [:])

        #expect(warnings.isEmpty)
        #expect(
            settings.openAI.accounts == [
                Account(
                    id: .init(rawValue: "embedded"), kind: .openAI(.init(baseURL: "http://127.0.0.1:8099/v1")))
            ])
        #expect(settings.server == Settings.Server())
    }

    @Test func `the environment of the process is seen`() {
        #expect(ProcessEnvironment.current["PATH"]?.isEmpty == false)
    }
}
