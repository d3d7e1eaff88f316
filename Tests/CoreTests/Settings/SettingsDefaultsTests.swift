import Core
import Testing

@Suite struct SettingsDefaultsTests {
    @Test func `an empty object is valid, has every default and warns about missing accounts`() throws {
        let (settings, warnings) = try decode("{}")

        #expect(settings == Settings())
        #expect(warnings.map(\.path) == ["openai.instances"])
        let server = settings.server
        #expect(server.host == "127.0.0.1" && server.port == 8080 && server.basePath == "/")
        #expect(server.tls == nil && server.defaultProxy == nil && server.wanURL == nil)
        #expect(server.network == .wan && server.durability == .fsync && server.allowGet == .always)
        #expect(server.queueTimeout == .seconds(30) && server.titleTimeout == .seconds(5))
        #expect(server.maxBodyBytes == 1_048_576 && server.archiveV1 && server.webUILanguage == "en-US")
        #expect(server.maxConversationBytes == 16 << 20)
        #expect(server.defaultPrompt?.isEmpty == false)
        #expect(server.apiPaths.removeConversation == "/api/remove-conversation")
        #expect(settings.openAI.baseURL == "https://chat.openai.com/backend-api")
        #expect(settings.openAI.accessTokenRefreshInterval == .seconds(86_400))
    }

    @Test func `a file as the original had it is taken without a warning about its keys`() throws {
        let (settings, warnings) = try decode(
            """
            {"openai": {"instances": [
                {"email": "one@example.org", "password": "p1", "plus": "false", "proxy": "default"},
                {"email": "two@example.org", "password": "p2", "plus": true, "proxy": "socks5://127.0.0.2:1081"}],
              "access_token_refresh_interval": 3600, "base_url": "https://chat.openai.com/backend-api",
              "endpoints": {"conversation": "/conversation", "gen_title": "/conversation/gen_title"}},
             "api_server": {"host": "0.0.0.0", "port": "5000", "webui_language": "en-US", "wan_url": "",
              "default_proxy": "socks5://127.0.0.1:1080", "local_or_wan": "lan", "default_user_agent": "Agent",
              "terminal_name": "t", "cf_refresh_interval": 1, "app_secret": "s",
              "endpoints": {"browser": {"chatgpt": {"url": "/c"}, "chatrecall": {"url": "/recall"},
                "access_token": {"url": "/access-token"}, "add_user": {"url": "/admin/add-user"}},
               "api": {"chatgpt": {"url": "/api/chat"}, "add_user": {"url": "/api/client/add-user"}}}}}
            """)

        #expect(warnings.isEmpty)
        #expect(settings.openAI.accounts.map(\.id.rawValue) == ["one@example.org", "two@example.org"])
        #expect(settings.openAI.accounts.map(\.isPlus) == [false, true])
        #expect(settings.openAI.accounts.map(\.maxConcurrent) == [1, 1])
        #expect(
            settings.openAI.accounts.map { $0.proxy?.url } == ["socks5://127.0.0.1:1080", "socks5://127.0.0.2:1081"])
        #expect(settings.openAI.accessTokenRefreshInterval == .seconds(3600))
        #expect(settings.server.port == 5000 && settings.server.network == .lan && settings.server.wanURL == nil)
        #expect(settings.server.browserPaths.chat == "/c")
    }

    @Test func `values that a person may write in several ways come out in one`() throws {
        let (settings, _) = try decode(
            """
            {"openai": {"web_base_url": "HTTPS://chat.example.org:8443/a//"},
             "api_server": {"host": "::1", "base_path": "chatgpt", "queue_timeout": 0.25, "default_prompt": null,
              "allow_get": "no_passwords", "durability": "flush", "wan_url": "https://api.example.org/",
              "archive_v1": false, "max_body_bytes": 2048, "max_conversation_bytes": 4096}}
            """)

        #expect(settings.openAI.webBaseURL == "https://chat.example.org:8443/a")
        #expect(settings.server.host == "[::1]")
        #expect(settings.server.basePath == "/chatgpt/")
        #expect(settings.server.queueTimeout == .milliseconds(250))
        #expect(settings.server.defaultPrompt == nil)
        #expect(settings.server.allowGet == .noPasswords)
        #expect(settings.server.durability == .flush)
        #expect(settings.server.wanURL == "https://api.example.org")
        #expect(!settings.server.archiveV1 && settings.server.maxBodyBytes == 2048)
        #expect(settings.server.maxConversationBytes == 4096)
    }

    @Test func `variables of the original replace values of the file and are mentioned`() throws {
        let (settings, warnings) = try decode(
            #"{"openai": {"instances": [{"base_url": "http://h/v1"}]}, "api_server": {"port": 80}}"#,
            environment: [
                "API_HOST": "0.0.0.0", "API_PORT": "9000", "OPENAI_BASE_URL": "http://127.0.0.1:1/backend-api",
            ])

        #expect(settings.server.host == "0.0.0.0" && settings.server.port == 9000)
        #expect(settings.openAI.baseURL == "http://127.0.0.1:1/backend-api")
        #expect(Set(warnings.map(\.path)) == ["API_HOST", "API_PORT", "OPENAI_BASE_URL"])
    }
}
