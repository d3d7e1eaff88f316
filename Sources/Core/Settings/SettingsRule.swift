/// What one value of the settings may be, and how it is read.
struct SettingsRule<Value> {
    /// A phrase that follows "expected ".
    let expected: String
    /// Whether a value that does not fit may hold a secret and must not be shown.
    var isSecret = false
    /// A guess at what was meant by a value that does not fit.
    var hint: (JSON) -> String? = { _ in nil }
    /// The value, or nil where it does not fit.
    let read: (JSON) -> Value?

    /// The same, or null.
    var orNull: SettingsRule<Value?> {
        SettingsRule<Value?>(expected: "\(expected), or null", isSecret: isSecret, hint: hint) { json in
            json.isNull ? .some(nil) : read(json).map { .some($0) }
        }
    }

    /// The same, or null, for which files of the original have an empty string.
    var orNothing: SettingsRule<Value?> {
        let rule = orNull
        return SettingsRule<Value?>(expected: rule.expected, isSecret: isSecret, hint: hint) { json in
            json == .string("") ? .some(nil) : rule.read(json)
        }
    }
}

extension SettingsRule where Value == Bool {
    static var flag: Self { SettingsRule(expected: "true or false") { $0.bool } }

    /// Also takes the strings that files of the original hold.
    static var looseFlag: Self {
        SettingsRule(expected: "true or false") { json in
            switch json {
            case .string("true"): true
            case .string("false"): false
            default: json.bool
            }
        }
    }
}

extension SettingsRule where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> Self {
        SettingsRule(expected: "a whole number from \(range.lowerBound) to \(range.upperBound)") { json in
            json.int.flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// Also takes a string of digits, as files of the original and the environment hold it.
    static var port: Self {
        SettingsRule(expected: "a port number from 1 to 65535") { json in
            if let text = json.string { return URLParts.port(Substring(text)) }
            return json.int.flatMap { (1...65_535).contains($0) ? $0 : nil }
        }
    }
}

extension SettingsRule where Value == Duration {
    /// Seconds, to the millisecond.
    static func seconds(_ range: ClosedRange<Int>) -> Self {
        let expected = "a number of seconds from \(range.lowerBound) to \(range.upperBound)"
        return SettingsRule(expected: expected) { json in
            guard let seconds = json.double, seconds >= Double(range.lowerBound), seconds <= Double(range.upperBound)
            else { return nil }
            return Int(exactly: (seconds * 1000).rounded()).map { .milliseconds($0) }
        }
    }

    /// Whole seconds.
    static func wholeSeconds(_ range: ClosedRange<Int>) -> Self {
        let rule = SettingsRule<Int>.integer(range)
        return SettingsRule(expected: "\(rule.expected) (seconds)") { rule.read($0).map { .seconds($0) } }
    }
}

extension SettingsRule {
    /// One of a few values, each written as its JSON.
    static func choice(_ choices: [(json: JSON, value: Value)]) -> Self {
        SettingsRule(
            expected: choices.map(\.json.text).joined(separator: " or "),
            hint: { json in
                json.string.flatMap { Spelling.closest(to: $0, among: choices.compactMap(\.json.string)) }
                    .map { "did you mean \(JSON($0).text)?" }
            },
            read: { json in choices.first { $0.json == json }?.value })
    }
}

extension SettingsRule where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    /// One of the names of an enumeration.
    static var name: Self { choice(Value.allCases.map { (JSON($0.rawValue), $0) }) }
}
