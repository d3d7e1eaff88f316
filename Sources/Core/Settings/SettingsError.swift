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

/// One thing in the settings that must be changed before the program can start.
package struct SettingsProblem: Sendable, Equatable, CustomStringConvertible {
    /// Where it is: `openai.instances[0].base_url`, the file's name, or the name of an environment variable.
    package var path: String
    /// What stands there, without secrets.
    package var found: String
    package var expected: String
    /// A guess at what was meant.
    package var hint: String?

    package init(path: String, found: String, expected: String, hint: String? = nil) {
        self.path = path
        self.found = found
        self.expected = expected
        self.hint = hint
    }

    /// The problem as one line.
    package var description: String {
        "\(path): found \(found), expected \(expected)\(hint.map { " (\($0))" } ?? "")"
    }
}

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
