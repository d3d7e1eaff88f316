extension Settings {
    /// How much of a limit must be used for the operator to be told: the key `usage.thresholds`.
    package struct Thresholds: Sendable, Equatable {
        /// The lowest first.
        package var percents = [80, 100]
        /// Who is told; nil: nobody.
        package var webhook: Webhook?

        package init() {}

        /// Where calls go, and what they are signed with.
        package struct Webhook: Sendable, Equatable {
            /// As it is written, because a query or a slash at the end may matter; may hold a secret.
            package var url: Secret
            package var secret: Secret

            package init(url: Secret, secret: Secret) {
                self.url = url
                self.secret = secret
            }
        }
    }
}

extension Settings.Thresholds {
    /// Reads the section `usage.thresholds`.
    init(_ section: SettingsSection) {
        self.init()
        percents = section.value("percent", default: percents, .percents)
        let url = section.optional("webhook_url", .webhookURL)
        let secret = section.secret("webhook_secret", .password)
        if let url, let secret { webhook = Webhook(url: url, secret: secret) }
        if section.has("webhook_url"), !section.hasSecret("webhook_secret") {
            section.report.problem(
                section.path(of: "webhook_secret"), found: "nothing",
                expected: "a secret to sign with, because `webhook_url` is given")
        } else if section.hasSecret("webhook_secret"), !section.has("webhook_url") {
            section.report.warn(
                section.path(of: "webhook_secret"), "this key has no effect, because there is no `webhook_url`")
        }
        section.finish()
    }
}

extension SettingsRule where Value == [Int] {
    fileprivate static var percents: Self {
        SettingsRule(expected: "an array of 1 to 10 different whole numbers from 1 to 100") { json in
            guard let elements = json.array, (1...10).contains(elements.count) else { return nil }
            let numbers = Set(elements.compactMap(SettingsRule<Int>.integer(1...100).read))
            return numbers.count == elements.count ? numbers.sorted() : nil
        }
    }
}

extension SettingsRule where Value == Secret {
    /// Not shown, because receivers are often told apart by a secret in their URL.
    fileprivate static var webhookURL: Self {
        SettingsRule(
            expected: "an http or https URL with a host, without user, password and fragment", isSecret: true
        ) { json in
            guard let text = json.string, let parts = URLParts(text), ["http", "https"].contains(parts.scheme),
                parts.userInfo == nil, !text.utf8.contains(UInt8(ascii: "#"))
            else { return nil }
            return Secret(text)
        }
    }
}
