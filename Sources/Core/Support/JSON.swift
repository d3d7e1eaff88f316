/// A JSON value as it was received: members keep their order and numbers their digits.
///
/// Pass-through needs both: what we do not understand goes on byte for byte in meaning.
package enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    /// The number's own text, already checked against RFC 8259's grammar.
    case number(String)
    case string(String)
    case array([JSON])
    case object(JSONObject)

    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    package var array: [JSON]? {
        if case .array(let value) = self { value } else { nil }
    }

    package var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    package var double: Double? {
        if case .number(let text) = self { Double(text) } else { nil }
    }

    /// The whole number, if it is one and fits: `3`, `3.0` and `3e0`, but not `1e300` or `0.5`.
    package var int: Int? {
        guard case .number(let text) = self else { return nil }
        return Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
    }

    package var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// The member `name` of an object; nil for an absent member and for any other kind of value.
    package subscript(name: String) -> JSON? { object?[name] }

    /// The element at `index` of an array; nil beyond its end and for any other kind of value.
    package subscript(index: Int) -> JSON? {
        guard let array, array.indices.contains(index) else { return nil }
        return array[index]
    }

    /// What a person would call this kind of value in an error message.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// The members of a JSON object in the order in which they came.
package struct JSONObject: Sendable, Hashable {
    package struct Member: Sendable, Hashable {
        package var name: String
        package var value: JSON
    }

    package private(set) var members: [Member]

    package init() { members = [] }

    package init(unchecked members: [Member]) { self.members = members }

    package var isEmpty: Bool { members.isEmpty }
    package var names: [String] { members.map(\.name) }

    /// The first member of that name; setting nil removes it, setting a new name appends it.
    package subscript(name: String) -> JSON? {
        get { members.first { $0.name == name }?.value }
        set {
            let index = members.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(name: name, value: value))
            case (nil, nil): break
            }
        }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .number(String(value)) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(nilLiteral: ()) { self = .null }

    /// An object from pairs; names must differ.
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(JSONObject(unchecked: elements.map { .init(name: $0.0, value: $0.1) }))
    }

    package init(_ value: String) { self = .string(value) }
    package init(_ value: Bool) { self = .bool(value) }
    package init(_ value: Int) { self = .number(String(value)) }

    /// The value, or null where there is none.
    package init(_ value: String?) { self = value.map(JSON.string) ?? .null }
}
