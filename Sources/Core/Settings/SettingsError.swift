/// Why the settings cannot be used: all problems at once, in the order of reading.
package struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Never empty.
    package var problems: [SettingsProblem]
    /// What else was noticed.
    package var warnings: [SettingsWarning]

    package init(problems: [SettingsProblem], warnings: [SettingsWarning] = []) {
        self.problems = problems
        self.warnings = warnings
    }

    /// One line a problem.
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
