import Glibc

extension Settings.Server {
    /// Reads the section `api_server`.
    init(_ section: SettingsSection) {
        self.init()
        host = section.value("host", default: host, .host, orVariable: "API_HOST")
        port = section.value("port", default: port, .port, orVariable: "API_PORT")
        basePath = section.value("base_path", default: basePath, .basePath)
        tls = Self.tls(section.section("tls", mayBeNull: true))
        defaultProxy = section.value("default_proxy", default: nil, SettingsRule<Proxy>.proxy.orNothing)
        if let defaultProxy, defaultProxy.hasCredentials { section.report.noteLiteralSecret() }
        wanURL = section.value("wan_url", default: nil, SettingsRule<String>.httpURL.orNothing)
        network = section.value("local_or_wan", default: network, .name)
        webUILanguage = section.value("webui_language", default: webUILanguage, .language)
        defaultPrompt = section.value("default_prompt", default: defaultPrompt, SettingsRule<String>.text.orNull)
        queueTimeout = section.value("queue_timeout", default: queueTimeout, .seconds(0...3600))
        titleTimeout = section.value("title_timeout", default: titleTimeout, .seconds(0...600))
        maxBodyBytes = section.value("max_body_bytes", default: maxBodyBytes, .integer((1 << 10)...(256 << 20)))
        maxConversationBytes = section.value(
            "max_conversation_bytes", default: maxConversationBytes, .integer((1 << 10)...(1 << 30)))
        replyLimits.bytes = section.value(
            "max_reply_bytes", default: replyLimits.bytes, .integer((1 << 10)...(64 << 20)))
        replyLimits.idle = section.value("reply_idle_seconds", default: replyLimits.idle, .seconds(1...3600))
        replyLimits.total = section.value("reply_total_seconds", default: replyLimits.total, .seconds(1...86_400))
        maxOpenAIBodyBytes = section.value(
            "max_v1_body_bytes", default: maxOpenAIBodyBytes, .integer((1 << 10)...(256 << 20)))
        corsOrigins = section.value("cors_origins", default: corsOrigins, .origins)
        if corsOrigins.contains("*") {
            section.report.warn(
                section.path(of: "cors_origins"), "pages of every site may use the API with a key that they have")
        }
        workers = section.optional("workers", .integer(1...Settings.Server.mostWorkers))
        durability = section.value("durability", default: durability, .name)
        allowGet = section.value(
            "allow_get", default: allowGet,
            .choice([(true, .always), ("no_passwords", .noPasswords), (false, .never)]))
        archiveV1 = section.value("archive_v1", default: archiveV1, .flag)

        let endpoints = section.section("endpoints")
        let paths = PathReader(report: section.report)
        browserPaths = BrowserPaths(endpoints.section("browser"), paths)
        apiPaths = APIPaths(endpoints.section("api"), paths)
        paths.finish()
        endpoints.finish()

        // Keys of the original for which there is no use any more.
        section.ignore(["default_user_agent", "terminal_name", "cf_refresh_interval", "app_secret"])
        section.finish()
    }

    private static func tls(_ section: SettingsSection) -> TLS? {
        let keys = ["certificate", "certificate_key"]
        let files = keys.map { key in section.optional(key, .fileForNginx) }
        section.finish()
        let given = keys.filter(section.has)
        if let one = given.first, given.count == 1 {
            for missing in keys where missing != one {
                section.report.problem(
                    section.path(of: missing), found: "nothing", expected: "a file, because `\(one)` is given")
            }
        }
        let names = zip(keys, files).compactMap { key, name in
            name.map { checked($0, at: section.path(of: key), section.report) }
        }
        guard names.count == 2, let certificate = names.first, let key = names.last else { return nil }
        return TLS(certificate: certificate, certificateKey: key)
    }

    /// The absolute name of a file for nginx.
    ///
    /// That this process may not read it is only a warning: nginx reads it as root, and a key that no
    /// worker can read is what an operator should want.
    private static func checked(_ name: String, at path: String, _ report: SettingsReport) -> String {
        let file = report.resolve(name)
        do throws(SettingsFile.Failure) {
            try report.files.check(file)
        } catch {
            if error.code == EACCES {
                report.warn(path, "this user may not read the file; nginx must be able to")
            } else {
                report.problem(path, found: error.reason, expected: "a file that can be read")
            }
        }
        return file
    }
}

extension BrowserPaths {
    fileprivate init(_ section: SettingsSection, _ paths: PathReader) {
        self.init()
        chat = paths.path(section, "chatgpt", default: chat)
        recall = paths.path(section, "chatrecall", default: recall)
        accessToken = paths.path(section, "access_token", default: accessToken)
        addUser = paths.path(section, "add_user", default: addUser)
        section.finish()
    }
}

extension APIPaths {
    fileprivate init(_ section: SettingsSection, _ paths: PathReader) {
        self.init()
        chat = paths.path(section, "chatgpt", default: chat)
        recall = paths.path(section, "chatrecall", default: recall)
        accessToken = paths.path(section, "access_token", default: accessToken)
        addUser = paths.path(section, "add_user", default: addUser)
        removeConversation = paths.path(section, "remove_conversation", default: removeConversation)
        removeUser = paths.path(section, "remove_user", default: removeUser)
        users = paths.path(section, "users", default: users)
        rotateKey = paths.path(section, "rotate_key", default: rotateKey)
        updateUser = paths.path(section, "update_user", default: updateUser)
        section.finish()
    }
}
