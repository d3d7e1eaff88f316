extension Settings {
    /// What everybody may use who has no limits of their own: the key `limits`.
    package struct LimitSettings: Sendable, Equatable {
        /// Of each user.
        package var user = Limits()
        /// Of each client, with all its users.
        package var client = Limits()
        /// Of models, pools and accounts, by their names.
        package var models: [String: Limits] = [:]
        package var pools: [String: Limits] = [:]
        package var accounts: [String: Limits] = [:]
        /// Where days and months begin.
        package var timeZone = TimeZone.utc
        /// What is reserved for an answer whose caller names no maximum.
        package var reserveCompletionTokens = 16_384
        /// From so many percent of a day's or a month's limit on the caller is warned.
        package var softPercent = 80
        /// The model that answers from there on; nil for the one that was asked for.
        package var softModel: String?

        package init() {}
    }
}

extension Settings.LimitSettings {
    /// Reads the section `limits`.
    init(_ section: SettingsSection, accounts known: [String]) {
        self.init()
        user = section.limits("user")
        client = section.limits("client")
        models = section.limitsByName("models")
        pools = section.limitsByName("pools", known: ["free", "plus"])
        accounts = section.limitsByName("accounts", known: known)
        timeZone = section.value("time_zone", default: timeZone, .timeZone)
        reserveCompletionTokens = section.value(
            "reserve_completion_tokens", default: reserveCompletionTokens, .integer(1...10_000_000))
        softPercent = section.value("soft_percent", default: softPercent, .integer(1...100))
        let soft = section.section("on_soft_limit", mayBeNull: true)
        softModel = soft.optional("model", .model)
        soft.finish()
        section.finish()
    }
}

extension SettingsSection {
    /// The limits in the object `key`, kind by kind, so that each that is wrong is a problem of its own.
    fileprivate func limits(_ key: String) -> Limits { section(key, mayBeNull: true).readLimits() }

    private func readLimits() -> Limits {
        var limits = Limits()
        for kind in Limits.Kind.allCases {
            // An absent key says nothing, and null that there is no limit.
            let bound: Limits.Bound? = value(kind.rawValue, default: nil, .bound(of: kind))
            limits[kind] = bound
        }
        finish()
        return limits
    }

    /// An object of limits by name.
    ///
    /// - Parameter known: The names that there are; nil for any.
    fileprivate func limitsByName(_ key: String, known: [String]? = nil) -> [String: Limits] {
        var found: [String: Limits] = [:]
        let outer = section(key, mayBeNull: true)
        for name in outer.names {
            if let known, !known.contains(name) { continue }
            found[name] = outer.limits(name)
        }
        if let known { outer.ignore(known) }
        outer.finish()
        return found
    }
}

extension SettingsRule where Value == Limits.Bound? {
    fileprivate static func bound(of kind: Limits.Kind) -> Self {
        SettingsRule(expected: Limits.expected(of: kind)) { json in
            (try? Limits.bound(json, of: kind)).map { .some($0) }
        }
    }
}

extension SettingsRule where Value == TimeZone {
    static var timeZone: Self {
        SettingsRule(expected: "the name of a time zone of this system, as \"Europe/Berlin\"") { json in
            json.string.flatMap(TimeZone.init(named:))
        }
    }
}
