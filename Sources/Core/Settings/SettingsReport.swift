/// Collects what is wrong while settings are read, so that the operator sees all of it at once.
///
/// Belongs to one reading and one thread.
final class SettingsReport {
    private(set) var problems: [SettingsProblem] = []
    private(set) var warnings: [SettingsWarning] = []
    /// Whether a key, a password or a token stands in the settings themselves.
    private(set) var hasLiteralSecrets = false
    let environment: [String: String]
    /// Where relative file names begin.
    let directory: String

    init(environment: [String: String], directory: String) {
        self.environment = environment
        self.directory = directory
    }

    func problem(_ path: String, found: String, expected: String, hint: String? = nil) {
        problems.append(SettingsProblem(path: path, found: found, expected: expected, hint: hint))
    }

    func warn(_ path: String, _ message: String) {
        warnings.append(SettingsWarning(path: path, message: message))
    }

    func noteLiteralSecret() { hasLiteralSecrets = true }

    /// The variable `name`, unless it is not set or empty.
    func variable(_ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The file name `name` as a path that does not depend on the working directory.
    func resolve(_ name: String) -> String {
        name.hasPrefix("/") ? name : "\(directory)/\(name)"
    }

    /// Reads `json` by `rule`; where it does not fit, the problem is noted and the answer is nil.
    func read<Value>(_ json: JSON, at path: String, by rule: SettingsRule<Value>) -> Value? {
        if let value = rule.read(json) { return value }
        let found = rule.isSecret ? json.kind : Self.describe(json)
        problem(path, found: found, expected: rule.expected, hint: rule.hint(json))
        return nil
    }

    /// What a person needs to see of a value that does not fit: one short line without credentials.
    static func describe(_ json: JSON) -> String {
        switch json {
        case .null, .bool, .number: json.text
        case .array, .object: json.kind
        case .string(let text): JSON(shortened(withoutCredentials(text))).text
        }
    }

    /// `text` without what a URL may hide: user and password, query and fragment.
    private static func withoutCredentials(_ text: String) -> String {
        var text = text
        if let tail = text.firstIndex(where: { $0 == "?" || $0 == "#" }) {
            text = text[...tail] + "•••"
        }
        guard let at = text.lastIndex(of: "@"), let scheme = text.firstRange(of: "://"), scheme.upperBound <= at
        else { return text }
        return "\(text[..<scheme.upperBound])•••\(text[at...])"
    }

    private static func shortened(_ text: String) -> String {
        text.count <= 80 ? text : "\(text.prefix(79))…"
    }
}
