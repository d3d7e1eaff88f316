/// One thing in the settings that works but is probably not what the operator wants.
package struct SettingsWarning: Sendable, Equatable, CustomStringConvertible {
    /// Where it is, as in ``SettingsProblem/path``.
    package var path: String
    /// A phrase for a person, without secrets.
    package var message: String

    package init(path: String, message: String) {
        self.path = path
        self.message = message
    }

    /// The warning as one line.
    package var description: String { "\(path): \(message)" }
}
