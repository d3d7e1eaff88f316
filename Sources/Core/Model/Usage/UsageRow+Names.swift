extension UsageRow {
    /// Whom and what a row names.
    package struct Names: Sendable, Hashable {
        /// People by ``User/ledgerID``.
        package var user: String?
        package var client: String?
        package var key: String?
        package var group: String?
        package var account: String?
        package var model: String?

        /// Empty texts name nothing.
        package init(
            user: String? = nil, client: String? = nil, key: String? = nil, group: String? = nil,
            account: String? = nil, model: String? = nil
        ) {
            func named(_ text: String?) -> String? { text?.isEmpty == true ? nil : text }
            self.user = named(user)
            self.client = named(client)
            self.key = named(key)
            self.group = named(group)
            self.account = named(account)
            self.model = named(model)
        }
    }

    package var names: Names {
        Names(user: user, client: client, key: key, group: group, account: account, model: model)
    }
}
