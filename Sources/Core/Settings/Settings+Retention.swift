extension Settings {
    /// How long things stay that nobody removes by hand: the key `retention`.
    package struct Retention: Sendable, Equatable {
        /// For how many days after its removal a user's name stays beside the rows of the ledger.
        package var billingDays = 400

        package init() {}
    }
}

extension Settings.Retention {
    /// Reads the section `retention`.
    init(_ section: SettingsSection) {
        self.init()
        billingDays = section.value("billing_days", default: billingDays, .integer(0...36_500))
        section.finish()
    }
}
