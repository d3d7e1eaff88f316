extension Settings {
    /// Who may connect.
    package enum Network: String, Sendable, CaseIterable {
        /// Every address.
        case wan
        /// Private and loopback addresses only.
        case lan
    }

    /// What an acknowledged write survives.
    package enum Durability: String, Sendable, CaseIterable {
        /// A power cut.
        case fsync
        /// The death of the process, but not of the machine.
        case flush
    }

    /// Which endpoints answer a GET with parameters in its query.
    package enum AllowGet: Sendable, CaseIterable {
        /// All that the original answered.
        case always
        /// All but those that take a password.
        case noPasswords
        /// None that takes a credential.
        case never
    }
}
