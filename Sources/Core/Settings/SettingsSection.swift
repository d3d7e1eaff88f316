/// One object of the settings, which is read key by key.
///
/// Every key that is asked for is thereby known. ``finish()`` warns about all others, so no list of
/// keys has to be kept beside the code that reads them.
final class SettingsSection {
    /// Empty for the outermost object.
    let path: String
    let report: SettingsReport
    private let members: JSONObject
    private var known: [String] = []

    init(path: String, members: JSONObject, report: SettingsReport) {
        self.path = path
        self.members = members
        self.report = report
    }

    func has(_ key: String) -> Bool { members[key].map { !$0.isNull } ?? false }

    /// The member `key` by `rule` before its turn; nil where it is absent or wrong, without a report.
    func peek<Value>(_ key: String, _ rule: SettingsRule<Value>) -> Value? { members[key].flatMap(rule.read) }

    /// The keys that stand in it.
    var names: [String] { members.names }

    /// The path of the member `key`.
    func path(of key: String) -> String {
        let isPlain = !key.isEmpty && key.utf8.allSatisfy { URLParts.isLetterOrDigit($0) || "_-".utf8.contains($0) }
        guard isPlain else { return "\(path)[\(JSON(key).text)]" }
        return path.isEmpty ? key : "\(path).\(key)"
    }

    /// The member `key` by `rule`; the default where it is absent or wrong.
    func value<Value>(_ key: String, default standard: Value, _ rule: SettingsRule<Value>) -> Value {
        known.append(key)
        guard let json = members[key] else { return standard }
        return report.read(json, at: path(of: key), by: rule) ?? standard
    }

    /// The member `key` by `rule`; nil where it is absent, null or wrong.
    func optional<Value>(_ key: String, _ rule: SettingsRule<Value>) -> Value? {
        known.append(key)
        guard let json = members[key], !json.isNull else { return nil }
        return report.read(json, at: path(of: key), by: rule)
    }

    /// The member `key`, unless the environment variable `variable` has another value for it.
    func value<Value: Equatable>(
        _ key: String, default standard: Value, _ rule: SettingsRule<Value>, orVariable variable: String
    ) -> Value {
        let written = value(key, default: standard, rule)
        guard let text = report.variable(variable),
            let value = report.read(JSON(text), at: variable, by: rule), value != written
        else { return written }
        report.warn(variable, "this environment variable replaces `\(path(of: key))`")
        return value
    }

    /// The object `key`; an empty one where it is absent or wrong.
    func section(_ key: String, mayBeNull: Bool = false) -> SettingsSection {
        known.append(key)
        let json = members[key]
        let isAbsent = json == nil || (mayBeNull && json == .null)
        if let json, !isAbsent, json.object == nil {
            report.problem(path(of: key), found: SettingsReport.describe(json), expected: "an object")
        }
        return SettingsSection(path: path(of: key), members: json?.object ?? JSONObject(), report: report)
    }

    /// The objects in the array or object `key`, in their order; `name` is nil in an array.
    func sections(_ key: String) -> [(name: String?, section: SettingsSection)] {
        known.append(key)
        switch members[key] {
        case nil: return []
        case .array(let elements):
            let outer = path(of: key)
            return elements.enumerated().compactMap { index, element in
                self.element(nil, "\(outer)[\(index)]", element)
            }
        case .object(let object):
            let outer = SettingsSection(path: path(of: key), members: object, report: report)
            return object.members.compactMap { element($0.name, outer.path(of: $0.name), $0.value) }
        case let json?:
            report.problem(
                path(of: key), found: SettingsReport.describe(json), expected: "an array or an object of objects")
            return []
        }
    }

    private func element(_ name: String?, _ path: String, _ json: JSON) -> (name: String?, section: SettingsSection)? {
        guard let members = json.object else {
            report.problem(path, found: SettingsReport.describe(json), expected: "an object")
            return nil
        }
        return (name, SettingsSection(path: path, members: members, report: report))
    }

    /// Accepts `keys` without using them; `reason`, if there is one, becomes a warning.
    func ignore(_ keys: [String], because reason: String? = nil) {
        known += keys
        guard let reason else { return }
        for key in keys where members[key] != nil { report.warn(path(of: key), reason) }
    }

    /// Warns about every key that was not asked for; the last call on a section.
    func finish() {
        for name in members.names where !known.contains(name) {
            let guess = Spelling.closest(to: name, among: known).map { "; did you mean `\($0)`?" } ?? ""
            report.warn(path(of: name), "this key is unknown and has no effect\(guess)")
        }
    }
}

/// Guesses which known word a mistyped one was meant to be.
enum Spelling {
    /// The nearest of `words`, if it is near: about one slip in three characters.
    ///
    /// Capitals and the choice between `-` and `_` do not count as slips.
    static func closest(to word: String, among words: [String]) -> String? {
        guard (2...64).contains(word.utf8.count) else { return nil }
        let typed = normalised(word)
        let limit = max(1, min(3, typed.count / 3))
        let near = words.map { (word: $0, distance: distance(typed, normalised($0))) }.filter { $0.distance <= limit }
        return near.min { $0.distance < $1.distance }?.word
    }

    private static func normalised(_ word: String) -> [UInt8] {
        word.lowercased().utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }
    }

    /// How many bytes must be inserted, removed, replaced or swapped with their neighbour.
    ///
    /// This is the restricted Damerau–Levenshtein distance.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, byte) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var best = min(last[column + 1] + 1, current[column] + 1, last[column] + (byte == other ? 0 : 1))
                if row > 0, column > 0, byte == right[column - 1], left[row - 1] == other {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
