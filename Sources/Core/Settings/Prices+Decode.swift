extension Prices {
    /// Reads the section `prices`: the currency, and an object for each model.
    ///
    /// Once there are prices, models of accounts without one are warned about: what they take would be billed to nobody.
    init(_ section: SettingsSection, accounts: [Account]) {
        self.init()
        currency = section.optional("currency", .currency)
        for name in section.names where name != "currency" {
            let price = section.section(name)
            if let input = price.required("input", .price), let output = price.required("output", .price) {
                models[name] = ModelPrice(
                    input: input, cachedInput: price.optional("cached_input", .price), output: output)
            } else {
                price.ignore(["cached_input"])
            }
            price.finish()
        }
        section.finish()
        guard !models.isEmpty else { return }
        if currency == nil {
            section.report.warn(section.path(of: "currency"), "costs are shown without a currency")
        }
        var warned: Set<String> = []
        for account in accounts {
            for model in account.models + [account.titleModel].compactMap({ $0 }) where models[model] == nil {
                guard warned.insert(model).inserted else { continue }
                section.report.warn(
                    section.path(of: model),
                    "the account \(account.id.rawValue) has this model, which has no price: its cost stays unknown")
            }
        }
    }
}

extension SettingsSection {
    /// The member `key` by `rule`; that it is missing is a problem.
    fileprivate func required<Value>(_ key: String, _ rule: SettingsRule<Value>) -> Value? {
        if !has(key) { report.problem(path(of: key), found: "nothing", expected: rule.expected) }
        return optional(key, rule)
    }
}

extension SettingsRule where Value == Money {
    /// What a million tokens cost.
    fileprivate static var price: Self {
        let most = Money(nano: 1_000_000 * Money.unit)
        return SettingsRule(expected: "a number from 0 to \(most.text) with at most 9 decimals") { json in
            Money(json: json).flatMap { $0 <= most ? $0 : nil }
        }
    }
}

extension SettingsRule where Value == String {
    fileprivate static var currency: Self {
        SettingsRule(expected: "a currency such as \"EUR\"") { json in
            json.string.flatMap { text in
                (1...8).contains(text.utf8.count) && text.utf8.allSatisfy(URLParts.isLetterOrDigit) ? text : nil
            }
        }
    }
}
