/// Reads one member of an object that somebody sent, and says what it must be where it is something else.
struct MemberReader {
    let name: String
    let json: JSON

    /// - Parameter standard: For null.
    func read<Value>(
        _ standard: Value, _ expected: String, _ decode: (JSON) -> Value?
    ) throws(Group.Problem) -> Value {
        if json.isNull { return standard }
        guard let value = decode(json) else { throw Group.Problem(member: name, expected: expected) }
        return value
    }

    func optional<Value>(_ expected: String, _ decode: (JSON) -> Value?) throws(Group.Problem) -> Value? {
        try read(nil, expected) { decode($0).map(Optional.some) }
    }

    func time() throws(Group.Problem) -> Timestamp? {
        try optional("a time such as 2027-09-30T22:00:00Z, or null") { $0.string.flatMap(Timestamp.init(rfc3339:)) }
    }

    func strings() throws(Group.Problem) -> [String] {
        try read([], "an array of at most 100 strings of 1 to 256 bytes on one line") { json in
            json.strings.flatMap { $0.count <= 100 && $0.allSatisfy { Group.line($0) != nil } ? $0 : nil }
        }
    }

    func limits() throws(Group.Problem) -> Limits {
        if json.isNull { return Limits() }
        do throws(Limits.Problem) { return try Limits(json: json) } catch {
            let expected = error.kind.map { "\(error.expected) (in \($0))" } ?? error.expected
            throw Group.Problem(member: name, expected: expected)
        }
    }

    func choice<Value: CaseIterable & RawRepresentable>(
        _ standard: Value
    ) throws(Group.Problem) -> Value where Value.RawValue == String {
        try read(standard, Self.words(Value.self, " or ")) { $0.string.flatMap(Value.init(rawValue:)) }
    }

    func choices<Value: CaseIterable & RawRepresentable>() throws(Group.Problem) -> [Value]
    where Value.RawValue == String {
        try read([], "an array of \(Self.words(Value.self, " and "))") { json in
            guard let words = json.strings, words.count <= Value.allCases.count else { return nil }
            let values = words.compactMap(Value.init(rawValue:))
            return values.count == words.count ? values : nil
        }
    }

    private static func words<Value: CaseIterable & RawRepresentable>(_: Value.Type, _ last: String) -> String
    where Value.RawValue == String {
        let words = Value.allCases.map(\.rawValue)
        return words.count == 1 ? words[0] : words.dropLast().joined(separator: ", ") + last + words[words.count - 1]
    }
}
