/// Reads the accounts from `openai.instances`.
struct AccountReader {
    private static let tokens = ["access_token", "session_token", "refresh_token"]
    private enum Wire: String, CaseIterable { case openai, chatgpt }

    let defaultProxy: Proxy?
    /// What all accounts of kind `chatgpt` share.
    let chatGPTURLs: [String]

    /// All accounts that could be read, in their order.
    func accounts(
        _ sections: [(name: String?, section: SettingsSection)], at path: String, _ report: SettingsReport
    ) -> [Account] {
        if sections.isEmpty {
            report.warn(path, "there are no accounts: only requests that bring an access token can be answered")
        }
        var owners: [Account.ID: String] = [:]
        return sections.enumerated().compactMap { index, entry in
            let section = entry.section
            let id = id(of: section, name: entry.name, number: index + 1)
            if let owner = owners[id] {
                report.problem(
                    section.path(of: "id"), found: JSON(id.rawValue).text, expected: "an id of its own",
                    hint: "`\(owner)` has the same; without an `id` it is the e-mail address or the position")
            }
            owners[id] = owners[id] ?? section.path
            defer { section.finish() }
            return account(section, id: id)
        }
    }

    /// The id: the key in an object; else what is written, the e-mail address, or the position.
    private func id(of section: SettingsSection, name: String?, number: Int) -> Account.ID {
        let standard = "account-\(number)"
        if let name {
            section.ignore(["id"], because: "this key has no effect, because the name of the object is the id")
            let id = section.report.read(JSON(name), at: section.path, by: .accountID)
            return Account.ID(rawValue: id ?? standard)
        }
        if section.has("id") { return Account.ID(rawValue: section.value("id", default: standard, .accountID)) }
        section.ignore(["id"])
        let email = section.peek("email", .email)?.utf8.prefix(128).map { byte in
            Account.ID.isIDByte(byte) ? byte : UInt8(ascii: "_")
        }
        return Account.ID(rawValue: email.map { String(decoding: $0, as: UTF8.self) } ?? standard)
    }

    private func account(_ section: SettingsSection, id: Account.ID) -> Account? {
        let isPlus = section.value("plus", default: false, .looseFlag)
        let models = section.value("models", default: [], .models)
        let titleModel = section.optional("title_model", .model)
        let proxy = section.value("proxy", default: defaultProxy, .proxy(default: defaultProxy))
        // The default is counted where it is written; counting it again changes nothing.
        if let proxy, proxy.hasCredentials { section.report.noteLiteralSecret() }

        switch wire(of: section) {
        case .openai:
            let maximum = section.optional("max_concurrent", .integer(1...10_000))
            guard let kind = openAI(section) else { return nil }
            return Account(
                id: id, kind: .openAI(kind), isPlus: isPlus, proxy: proxy, maxConcurrent: maximum, models: models,
                titleModel: titleModel)
        case .chatgpt:
            _ = section.value("max_concurrent", default: 1, .integer(1...1))
            guard let kind = chatGPT(section) else { return nil }
            return Account(
                id: id, kind: .chatGPT(kind), isPlus: isPlus, proxy: proxy, models: models, titleModel: titleModel,
                sharedURLs: chatGPTURLs)
        case nil:
            // Without its kind the rest of an account has no meaning that could be checked.
            section.ignore(["max_concurrent", "base_url", "user_field", "shared_cache_keys", "email"])
            section.ignore((["api_key", "password"] + Self.tokens).flatMap(SettingsSection.forms(of:)))
            return nil
        }
    }

    /// The kind: what is written, or what the other keys show.
    private func wire(of section: SettingsSection) -> Wire? {
        if section.has("kind") {
            return section.optional("kind", .name)
        }
        section.ignore(["kind"])
        if section.has("base_url") { return .openai }
        if section.has("email") || Self.tokens.contains(where: section.hasSecret) { return .chatgpt }
        section.report.problem(
            section.path, found: "an account of no known kind",
            expected: "`base_url` (an OpenAI-compatible API) or `email`, `access_token` or `session_token` (ChatGPT)")
        return nil
    }

    private func openAI(_ section: SettingsSection) -> Account.OpenAI? {
        let keys = ["email"] + (["password"] + Self.tokens).flatMap(SettingsSection.forms(of:))
        section.ignore(keys, because: "this key has no effect on an account of kind openai")
        let url = section.optional("base_url", .httpURL)
        let key = section.secret("api_key", .token)
        let userField = section.optional("user_field", .name) as UserField?
        let sharesCacheKeys = section.value("shared_cache_keys", default: false, .flag)
        if !section.has("base_url") {
            section.report.problem(
                section.path(of: "base_url"), found: "nothing", expected: "the URL of an OpenAI-compatible API",
                hint: "that of OpenAI itself is https://api.openai.com/v1")
        }
        return url.map {
            Account.OpenAI(baseURL: $0, apiKey: key, userField: userField, sharesCacheKeys: sharesCacheKeys)
        }
    }

    private func chatGPT(_ section: SettingsSection) -> Account.ChatGPT? {
        section.ignore(
            ["base_url", "user_field", "shared_cache_keys"] + SettingsSection.forms(of: "api_key"),
            because: "this key has no effect on an account of kind chatgpt")
        let account = Account.ChatGPT(
            email: section.optional("email", .email),
            password: section.secret("password", .password),
            accessToken: section.secret("access_token", .token),
            sessionToken: section.secret("session_token", .token),
            refreshToken: section.secret("refresh_token", .token))
        let hasToken = Self.tokens.contains(where: section.hasSecret)
        if section.hasSecret("password"), !section.has("email") {
            section.report.problem(
                section.path(of: "email"), found: "nothing", expected: "an e-mail address, because `password` is given")
        } else if !section.hasSecret("password"), !hasToken {
            section.report.problem(
                section.path(of: "password"), found: "nothing",
                expected: "a password, or instead `access_token`, `session_token` or `refresh_token`")
        }
        return account
    }
}
