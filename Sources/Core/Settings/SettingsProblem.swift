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
