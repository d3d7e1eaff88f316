extension Settings {
    /// Checks settings that were already read as JSON.
    ///
    /// - Parameters:
    ///   - environment: For `*_env` secrets and for the variables that replace values of the file.
    ///   - secretsBase: The directory at which relative file names begin.
    /// - Throws: All problems at once.
    package static func decode(
        _ json: JSON, environment: [String: String], secretsBase: String
    ) throws(SettingsError) -> (settings: Settings, warnings: [SettingsWarning]) {
        try decode(json, report: SettingsReport(environment: environment, directory: secretsBase))
    }

    static func decode(
        _ json: JSON, report: SettingsReport
    ) throws(SettingsError) -> (settings: Settings, warnings: [SettingsWarning]) {
        guard let members = json.object else {
            throw SettingsError(problems: [
                SettingsProblem(path: "settings", found: SettingsReport.describe(json), expected: "an object")
            ])
        }
        let root = SettingsSection(path: "", members: members, report: report)
        var settings = Settings()
        // The server comes first: accounts without a proxy of their own take its default.
        settings.server = Server(root.section("api_server"))
        settings.openAI = OpenAI(root.section("openai"), defaultProxy: settings.server.defaultProxy)
        settings.limits = LimitSettings(
            root.section("limits"), accounts: settings.openAI.accounts.map(\.id.rawValue))
        let audit = root.section("audit")
        settings.auditOmitsAddress = audit.value("omit_address", default: false, .flag)
        audit.finish()
        settings.keys = Keys(root.section("keys"))
        settings.retention = Retention(root.section("retention"))
        settings.prices = Prices(root.section("prices"), accounts: settings.openAI.accounts)
        let usage = root.section("usage")
        settings.thresholds = Thresholds(usage.section("thresholds", mayBeNull: true))
        usage.finish()
        root.finish()
        guard report.problems.isEmpty else {
            throw SettingsError(problems: report.problems, warnings: report.warnings)
        }
        return (settings, report.warnings)
    }
}

extension Settings.OpenAI {
    fileprivate init(_ section: SettingsSection, defaultProxy: Proxy?) {
        self.init()
        baseURL = section.value("base_url", default: baseURL, .httpURL, orVariable: "OPENAI_BASE_URL")
        webBaseURL = section.value("web_base_url", default: webBaseURL, .httpURL)
        authBaseURL = section.value("auth_base_url", default: authBaseURL, .httpURL)
        accessTokenRefreshInterval = section.value(
            "access_token_refresh_interval", default: accessTokenRefreshInterval, .wholeSeconds(1...31_536_000))
        defaultModel = section.value("default_model", default: defaultModel, .model)
        plusModel = section.value("plus_model", default: plusModel, .model)

        let paths = section.section("endpoints")
        endpoints.conversation = paths.value(
            "conversation", default: endpoints.conversation, .path, orVariable: "OPENAI_CONVERSATION_ENDPOINT")
        endpoints.genTitle = paths.value(
            "gen_title", default: endpoints.genTitle, .path, orVariable: "OPENAI_GEN_TITLE_ENDPOINT")
        endpoints.models = paths.value("models", default: endpoints.models, .path)
        paths.finish()

        let reader = AccountReader(defaultProxy: defaultProxy, chatGPTURLs: [baseURL, webBaseURL, authBaseURL])
        accounts = reader.accounts(section.sections("instances"), at: section.path(of: "instances"), section.report)
        section.finish()
    }
}

extension Settings.Keys {
    fileprivate init(_ section: SettingsSection) {
        self.init()
        maxPerUser = section.value("max_per_user", default: maxPerUser, .integer(1...1000))
        maxDays = section.value("max_days", default: maxDays, SettingsRule<Int>.integer(1...36_500).orNull)
        section.finish()
    }
}
