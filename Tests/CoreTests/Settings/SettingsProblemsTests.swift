import Core
import Testing

@Suite struct SettingsProblemsTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let text: String
        let path: String
        let expected: String

        init(_ text: String, _ path: String, _ expected: String) {
            (self.text, self.path, self.expected) = (text, path, expected)
        }

        /// A case in the section `api_server`.
        static func server(_ members: String, _ path: String, _ expected: String) -> Case {
            Case("{\"api_server\": {\(members)}}", "api_server.\(path)", expected)
        }

        /// A case with one account.
        static func account(_ members: String, _ path: String, _ expected: String) -> Case {
            Case("{\"openai\": {\"instances\": [{\(members)}]}}", "openai.instances[0]\(path)", expected)
        }

        var testDescription: String { text }
    }

    static let serverCases: [Case] = [
        Case("[]", "settings", "an object"),
        Case(#"{"openai": 1}"#, "openai", "an object"),
        Case(#"{"openai": null}"#, "openai", "an object"),
        Case(#"{"keys": {"max_per_user": 0}}"#, "keys.max_per_user", "1 to 1000"),
        Case(#"{"keys": {"max_days": "365"}}"#, "keys.max_days", "1 to 36500, or null"),
        Case(#"{"retention": {"billing_days": -1}}"#, "retention.billing_days", "0 to 36500"),
        Case(#"{"retention": {"billing_days": null}}"#, "retention.billing_days", "0 to 36500"),
        Case(#"{"retention": 400}"#, "retention", "an object"),
        Case(#"{"limits": {"user": {"tokens_per_day": -1}}}"#, "limits.user.tokens_per_day", "0 to 1000000000000"),
        Case(#"{"limits": {"client": {"cost_per_month": "5"}}}"#, "limits.client.cost_per_month", "an amount"),
        Case(#"{"limits": {"models": {"gpt-4": 5}}}"#, "limits.models.gpt-4", "an object"),
        Case(#"{"limits": {"pools": {"plus": {"concurrent": 1.5}}}}"#, "limits.pools.plus.concurrent", "whole number"),
        Case(#"{"limits": {"time_zone": "Europe/Berlinn"}}"#, "limits.time_zone", "time zone"),
        Case(#"{"limits": {"soft_percent": 0}}"#, "limits.soft_percent", "1 to 100"),
        Case(#"{"limits": {"on_soft_limit": "gpt"}}"#, "limits.on_soft_limit", "an object"),
        Case(#"{"limits": {"reserve_completion_tokens": 0}}"#, "limits.reserve_completion_tokens", "1 to 10000000"),
        .server(#""host": "a b""#, "host", "host name"),
        .server(#""host": "256.1.1.1""#, "host", "IP address"),
        .server(#""host": "x; return 200""#, "host", "host name"),
        .server(#""port": 0"#, "port", "1 to 65535"),
        .server(#""port": 65536"#, "port", "1 to 65535"),
        .server(#""port": 80.5"#, "port", "1 to 65535"),
        .server(#""port": 1e300"#, "port", "1 to 65535"),
        .server(#""port": "+80""#, "port", "1 to 65535"),
        .server(#""port": true"#, "port", "1 to 65535"),
        .server(#""base_path": "/a/../b""#, "base_path", "path"),
        .server(#""base_path": "//""#, "base_path", "path"),
        .server(#""base_path": """#, "base_path", "path"),
        .server(#""default_proxy": "127.0.0.1:1080""#, "default_proxy", "socks5://"),
        .server(#""default_proxy": "socks5://127.0.0.1""#, "default_proxy", "port"),
        .server(#""default_proxy": "socks4://127.0.0.1:1""#, "default_proxy", "socks5"),
        .server(#""default_proxy": "socks5://h:65536""#, "default_proxy", "port"),
        .server(#""default_proxy": "socks5://h:1/path""#, "default_proxy", "socks5"),
        .server(#""wan_url": "ftp://example.org""#, "wan_url", "http or https"),
        .server(#""wan_url": "https://""#, "wan_url", "host"),
        .server(#""wan_url": "https://example.org/?a=b""#, "wan_url", "query"),
        .server(#""local_or_wan": "both""#, "local_or_wan", #""wan" or "lan""#),
        .server(#""webui_language": "../en""#, "webui_language", "en-US"),
        .server(#""default_prompt": "  ""#, "default_prompt", "not blank"),
        .server(#""queue_timeout": -1"#, "queue_timeout", "0 to 3600"),
        .server(#""queue_timeout": "30""#, "queue_timeout", "0 to 3600"),
        .server(#""title_timeout": 1e9"#, "title_timeout", "0 to 600"),
        .server(#""workers": 0"#, "workers", "1 to 128"),
        .server(#""workers": 129"#, "workers", "1 to 128"),
        .server(#""max_body_bytes": 10"#, "max_body_bytes", "from 1024"),
        .server(#""durability": "none""#, "durability", #""fsync" or "flush""#),
        .server(#""allow_get": "no""#, "allow_get", #"true or "no_passwords" or false"#),
        .server(#""archive_v1": "true""#, "archive_v1", "true or false"),
        .server(
            #""tls": {"certificate": "/nonexistent/c.pem", "certificate_key": null}"#, "tls.certificate_key", "a file"),
        .server(#""tls": {"certificate_key": "/"}"#, "tls.certificate", "a file"),
        .server(#""tls": {"certificate": "/etc\n;"}"#, "tls.certificate", "control characters"),
        .server(#""endpoints": {"browser": {"chatgpt": "/chat"}}"#, "endpoints.browser.chatgpt", "an object"),
        .server(#""endpoints": {"browser": {"chatgpt": {"url": "chat"}}}"#, "endpoints.browser.chatgpt.url", "path"),
        .server(#""endpoints": {"api": {"users": {"url": "/a b"}}}"#, "endpoints.api.users.url", "path"),
        .server(#""endpoints": {"api": {"users": {"url": "/a/../b"}}}"#, "endpoints.api.users.url", "path"),
        .server(#""endpoints": {"api": {"users": {"url": "/a//b"}}}"#, "endpoints.api.users.url", "path"),
        .server(#""endpoints": {"api": {"users": {"url": "/a\n"}}}"#, "endpoints.api.users.url", "path"),
        .server(#""endpoints": {"api": {"users": {"url": "/a?b"}}}"#, "endpoints.api.users.url", "path"),
        .server(#""endpoints": {"api": {"users": {"url": "/"}}}"#, "endpoints.api.users.url", "path"),
        .server(#""endpoints": {"api": {"users": {"url": "/v1/users"}}}"#, "endpoints.api.users.url", "not below /v1"),
        .server(#""endpoints": {"api": {"users": {"url": "/lib"}}}"#, "endpoints.api.users.url", "not below /lib"),
        .server(
            #""endpoints": {"api": {"users": {"url": "/healthz"}}}"#, "endpoints.api.users.url", "not below /healthz"),
        .server(
            #""endpoints": {"browser": {"chatgpt": {"url": "/recall"}}}"#, "endpoints.browser.chatgpt.url", "of its own"
        ),
        .server(#""endpoints": {"api": {"chatgpt": {"url": "/chat"}}}"#, "endpoints.api.chatgpt.url", "of its own"),
    ]

    static let openAICases: [Case] = [
        Case(#"{"openai": {"base_url": "chat.example.org"}}"#, "openai.base_url", "http or https"),
        Case(#"{"openai": {"auth_base_url": "https://u:p@example.org"}}"#, "openai.auth_base_url", "without user"),
        Case(#"{"openai": {"endpoints": {"models": "models"}}}"#, "openai.endpoints.models", "path"),
        Case(
            #"{"openai": {"access_token_refresh_interval": 0}}"#, "openai.access_token_refresh_interval",
            "a whole number"),
        Case(#"{"openai": {"plus_model": ""}}"#, "openai.plus_model", "name of a model"),
        Case(#"{"openai": {"instances": 1}}"#, "openai.instances", "an array or an object"),
        Case(#"{"openai": {"instances": ["x"]}}"#, "openai.instances[0]", "an object"),
        Case(
            #"{"openai": {"instances": {"a b": {"base_url": "http://h"}}}}"#, #"openai.instances["a b"]"#, "characters"),
        Case(#"{"openai": {"instances": {"m": {"base_url": 1}}}}"#, "openai.instances.m.base_url", "http"),
        Case(
            #"{"openai": {"instances": {"a@b.c": {"email": "a@b.c"}}}}"#, #"openai.instances["a@b.c"].password"#,
            "a password"),
        .account(#""base_url": "http://h", "user_field": "name""#, ".user_field", "safety_identifier"),
        .account(#""base_url": "http://h", "shared_cache_keys": 1"#, ".shared_cache_keys", "true or false"),
        .account("", "", "`base_url`"),
        .account(#""kind": "ollama", "base_url": "http://h""#, ".kind", #""openai" or "chatgpt""#),
        .account(#""kind": "openai""#, ".base_url", "OpenAI-compatible"),
        .account(#""kind": "chatgpt""#, ".password", "access_token"),
        .account(#""email": "nobody""#, ".email", "e-mail"),
        .account(#""email": "a@b.c""#, ".password", "a password"),
        .account(#""access_token": "t", "password": "p""#, ".email", "e-mail"),
        .account(#""id": "a/b", "base_url": "http://h""#, ".id", "characters"),
        .account(#""plus": "yes", "base_url": "http://h""#, ".plus", "true or false"),
        .account(#""max_concurrent": 0, "base_url": "http://h""#, ".max_concurrent", "from 1"),
        .account(#""max_concurrent": 2, "access_token": "t""#, ".max_concurrent", "1 to 1"),
        .account(#""models": ["a", "a"], "base_url": "http://h""#, ".models", "different"),
        .account(#""models": "a", "base_url": "http://h""#, ".models", "an array"),
        .account(#""proxy": "none", "base_url": "http://h""#, ".proxy", #""default""#),
        .account(#""api_key": "a b", "base_url": "http://h""#, ".api_key", "visible ASCII"),
        .account(#""api_key": "a", "api_key_env": "B", "base_url": "http://h""#, ".api_key", "only one"),
        .account(#""api_key_env": "ABSENT", "base_url": "http://h""#, ".api_key_env", "a variable"),
        .account(#""api_key_file": "absent", "base_url": "http://h""#, ".api_key_file", "a file"),
    ]

    @Test(arguments: serverCases + openAICases)
    func `a wrong value is reported with its place and with what is expected`(_ wrong: Case) throws {
        let found = try problems(wrong.text)

        let problem = try #require(found.first { $0.path == wrong.path }, "\(found)")
        #expect(problem.expected.contains(wrong.expected))
        #expect(!problem.found.isEmpty && !problem.description.contains("\n"))
    }

    @Test func `two accounts of one id are reported`() throws {
        let found = try problems(
            """
            {"openai": {"instances": [{"email": "a@b.c", "password": "1"}, {"email": "a@b.c", "password": "2"},
              {"id": "account-4", "base_url": "http://h"}, {"base_url": "http://h"}]}}
            """)

        #expect(found.map(\.path) == ["openai.instances[1].id", "openai.instances[3].id"])
        #expect(found.first?.hint?.contains("openai.instances[0]") == true)
    }

    @Test func `all problems of a file are reported together`() throws {
        let found = try problems(
            """
            {"openai": {"base_url": "x", "instances": [{"kind": "openai"}, {"proxy": 1, "base_url": "http://h"}]},
             "api_server": {"port": 0, "host": 5, "durability": "fsink", "endpoints": {"api": {"users": {"url": ""}}}}}
            """)

        #expect(
            Set(found.map(\.path)) == [
                "openai.base_url", "openai.instances[0].base_url", "openai.instances[1].proxy", "api_server.port",
                "api_server.host", "api_server.durability", "api_server.endpoints.api.users.url",
            ])
        #expect(found.count == 7)
        #expect(SettingsError(problems: found).description.split(separator: "\n").count == 7)
    }

    @Test func `a near miss gets a suggestion`() throws {
        let found = try problems(
            """
            {"openai": {"instances": [{"kind": "chatgtp", "email": "a@b.c"}], "base_url": "chat.example.org/api"},
             "api_server": {"endpoints": {"browser": {"chatgpt": {"url": "talk"}}}}}
            """)

        let hints = Dictionary(uniqueKeysWithValues: found.map { ($0.path, $0.hint ?? "") })
        #expect(hints["openai.instances[0].kind"] == #"did you mean "chatgpt"?"#)
        #expect(hints["openai.base_url"] == #"did you mean "https://chat.example.org/api"?"#)
        #expect(hints["api_server.endpoints.browser.chatgpt.url"] == #"did you mean "/talk"?"#)
    }

    @Test(arguments: [
        (#"{"OpenAI": {}}"#, "OpenAI", "openai"),
        (#"{"api_server": {"prot": 1}}"#, "api_server.prot", "port"),
        (#"{"api_server": {"defaultproxy": 1}}"#, "api_server.defaultproxy", "default_proxy"),
        (
            #"{"openai": {"instances": [{"base_url": "http://h", "apikey": "k"}]}}"#, "openai.instances[0].apikey",
            "api_key"
        ),
        (#"{"api_server": {"endpoints": {"api": {"ad_user": {}}}}}"#, "api_server.endpoints.api.ad_user", "add_user"),
        (
            #"{"api_server": {"endpoints": {"api": {"users": {"uri": ""}}}}}"#, "api_server.endpoints.api.users.uri",
            "url"
        ),
    ])
    func `an unknown key is a warning that names the key that was meant`(
        _ text: String, _ path: String, _ meant: String
    ) throws {
        let (_, warnings) = try decode(text)

        let warning = try #require(warnings.first { $0.path == path }, "\(warnings)")
        #expect(warning.message.hasSuffix("did you mean `\(meant)`?"))
    }

    @Test func `an unknown key like no other is a warning without a guess`() throws {
        let (_, warnings) = try decode(#"{"api_server": {"colour of the sky": 1}}"#)

        let warning = try #require(warnings.first { $0.path == #"api_server["colour of the sky"]"# })
        #expect(!warning.message.contains("did you mean"))
    }
}
