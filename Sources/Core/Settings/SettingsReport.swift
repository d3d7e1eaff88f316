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
    let files: SettingsFiles

    init(environment: [String: String], directory: String, files: SettingsFiles = SettingsFiles()) {
        self.environment = environment
        self.directory = directory
        self.files = files
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

    /// `text` without what a URL may hide: everything before an `@` but the scheme, and everything after `?` or `#`.
    private static func withoutCredentials(_ text: String) -> String {
        var rest = text[...]
        var start = ""
        if let scheme = text.firstRange(of: "://"),
            text[..<scheme.lowerBound].utf8.allSatisfy(URLParts.isLetterOrDigit)
        {
            start = String(text[..<scheme.upperBound])
            rest = text[scheme.upperBound...]
        }
        // The last one, and before the query is cut: a password may hold every one of these characters.
        if let at = rest.lastIndex(of: "@") {
            start += "•••"
            rest = rest[at...]
        }
        guard let tail = rest.firstIndex(where: { $0 == "?" || $0 == "#" }) else { return start + rest }
        return start + rest[...tail] + "•••"
    }

    private static func shortened(_ text: String) -> String {
        text.count <= 80 ? text : "\(text.prefix(79))…"
    }
}
