import Core
import Testing

@Suite struct SettingsAccountsTests {
    private func accounts(_ instances: String, rest: String = "", server: String = "{}") throws -> [Account] {
        try decode("{\"openai\": {\"instances\": \(instances)\(rest)}, \"api_server\": \(server)}").settings.openAI
            .accounts
    }

    @Test func `an account of each kind is read whole`() throws {
        let accounts = try accounts(
            """
            [{"id": "local", "base_url": "http://127.0.0.1:8099/v1/", "api_key": "k", "models": ["m1", "m2"],
              "title_model": "m1", "max_concurrent": 4, "plus": true},
             {"session_token": "s"}, {"kind": "chatgpt", "refresh_token": "r"}]
            """)

        #expect(
            accounts.first
                == Account(
                    id: .init(rawValue: "local"),
                    kind: .openAI(.init(baseURL: "http://127.0.0.1:8099/v1", apiKey: Secret("k"))),
                    isPlus: true, maxConcurrent: 4, models: ["m1", "m2"], titleModel: "m1"))
        #expect(accounts.map(\.id.rawValue) == ["local", "account-2", "account-3"])
        #expect(
            accounts.map(\.kind).dropFirst() == [
                .chatGPT(.init(sessionToken: Secret("s"))), .chatGPT(.init(refreshToken: Secret("r"))),
            ])
        #expect(accounts.map(\.maxConcurrent) == [4, 1, 1])
    }

    @Test func `the names of an object are the ids of its accounts, in their order`() throws {
        let accounts = try accounts(
            #"{"zeta": {"base_url": "http://h"}, "alpha": {"email": "a@b.c", "password": "p"}}"#)

        #expect(accounts.map(\.id.rawValue) == ["zeta", "alpha"])
        #expect(accounts.map(\.maxConcurrent) == [nil, 1])
    }

    @Test func `an e-mail address with other characters still gives an id`() throws {
        let accounts = try accounts(#"[{"email": "a+b@example.org", "password": "p"}]"#)

        #expect(accounts.map(\.id.rawValue) == ["a_b@example.org"])
    }

    @Test func `an account takes the default proxy unless it names one or refuses it`() throws {
        let accounts = try accounts(
            """
            [{"base_url": "http://h"}, {"base_url": "http://h", "proxy": "default"},
             {"base_url": "http://h", "proxy": null}, {"base_url": "http://h", "proxy": "http://u:p@[::1]:3128/"}]
            """, server: #"{"default_proxy": "socks5h://proxy.example.org:1080"}"#)

        let standard = "socks5h://proxy.example.org:1080"
        #expect(accounts.map { $0.proxy?.url } == [standard, standard, nil, "http://u:p@[::1]:3128"])
        #expect(accounts.last?.proxy?.scheme == .http)
        #expect(accounts.last?.proxy?.redacted == "http://•••@[::1]:3128")
    }

    @Test func `an account says where its upstream is told the user, and whether cache keys are shared`() throws {
        let accounts = try accounts(
            """
            [{"base_url": "http://h"}, {"base_url": "https://api.openai.com/v1"},
             {"base_url": "https://api.openai.com/v1", "user_field": "both", "shared_cache_keys": true}]
            """)

        let kinds = accounts.compactMap { account -> Account.OpenAI? in
            guard case .openAI(let kind) = account.kind else { return nil }
            return kind
        }
        #expect(kinds.map(\.userField) == [.user, .safetyIdentifier, .both])
        #expect(kinds.map(\.sharesCacheKeys) == [false, false, true])
    }

    @Test func `a key of the other kind is a warning`() throws {
        let (_, warnings) = try decode(
            #"{"openai": {"instances": [{"base_url": "http://h", "password": "p"}, {"access_token": "t", "api_key": "k"}]}}"#
        )

        #expect(warnings.map(\.path) == ["openai.instances[0].password", "openai.instances[1].api_key"])
    }

    @Test(arguments: [
        #"[{"id": "a", "base_url": "http://other", "api_key": "k"}]"#,
        #"[{"id": "a", "base_url": "http://h", "api_key": "other"}]"#,
        #"[{"id": "a", "base_url": "http://h"}]"#,
        #"[{"id": "a", "base_url": "http://h", "api_key": "k", "proxy": "socks5://h:1"}]"#,
        #"[{"id": "a", "access_token": "k"}]"#,
        #"[{"id": "a", "session_token": "k"}]"#,
    ])
    func `the fingerprint changes with what may cure an account`(_ changed: String) throws {
        let before = try accounts(#"[{"id": "a", "base_url": "http://h", "api_key": "k"}]"#)
        let after = try accounts(changed)

        #expect(before.first?.fingerprint != after.first?.fingerprint)
    }

    @Test func `the fingerprint of a chatgpt account changes with the URLs that it uses`() throws {
        let before = try accounts(#"[{"access_token": "t"}]"#)
        let after = try accounts(#"[{"access_token": "t"}]"#, rest: #", "auth_base_url": "https://auth.example.org""#)

        #expect(before.first?.fingerprint != after.first?.fingerprint)
    }

    @Test func `the fingerprint does not change with what cannot cure an account`() throws {
        let before = try accounts(#"[{"id": "a", "base_url": "http://h", "api_key": "k"}]"#)
        let after = try accounts(
            #"[{"id": "b", "base_url": "http://h/", "api_key": "k", "plus": true, "models": ["m"], "max_concurrent": 2}]"#
        )

        let fingerprint = try #require(before.first?.fingerprint)
        #expect(fingerprint == after.first?.fingerprint)
        #expect(fingerprint.utf8.count == 64 && fingerprint.allSatisfy { $0.isHexDigit && !$0.isUppercase })
    }
}
