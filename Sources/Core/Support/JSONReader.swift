/// Why bytes are not the JSON that we accept.
package struct JSONSyntaxError: Error, Equatable {
    /// A phrase for a person, to stand after "The JSON is not valid: ".
    package var reason: String
    /// Offset of the first byte that is wrong.
    package var offset: Int
    /// True where the text may be correct JSON but is too deep or has too many values.
    package var isLimit = false
}

/// Reads one JSON text (RFC 8259) strictly: UTF-8 without a byte order mark, no duplicate names,
/// limited depth and number of values.
///
/// Foundation's readers take the first or the last of two equal names and accept UTF-16, and nested
/// input overflows a small stack below their own limit; a gateway must not guess.
package struct JSONReader {
    package struct Limits: Sendable {
        package var depth: Int
        package var values: Int
        /// What a caller may send.
        package static let caller = Limits(depth: 32, values: 10_000)
        /// What a caller of `/v1` may send: a thread of some ten thousand messages.
        ///
        /// A value takes about 100 bytes beside its text, so all of them take some 10 MiB at most.
        package static let openAI = Limits(depth: 32, values: 100_000)
        /// What an upstream or a file of ours may hold.
        package static let trusted = Limits(depth: 64, values: 1_000_000)
        /// A whole archive in one file, which the operator names.
        package static let imported = Limits(depth: 64, values: 100_000_000)
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private let limits: Limits
    private var position = 0
    private var values = 0

    /// Reads the whole of `bytes` as one value, white space around it allowed.
    package static func read(_ bytes: [UInt8], limits: Limits = .caller) throws(JSONSyntaxError) -> JSON {
        let result: Result<JSON, JSONSyntaxError> = bytes.withUnsafeBufferPointer { buffer in
            var reader = JSONReader(bytes: buffer, limits: limits)
            do throws(JSONSyntaxError) { return .success(try reader.document()) } catch { return .failure(error) }
        }
        return try result.get()
    }

    package static func read(_ text: String, limits: Limits = .caller) throws(JSONSyntaxError) -> JSON {
        try read(Array(text.utf8), limits: limits)
    }

    private init(bytes: UnsafeBufferPointer<UInt8>, limits: Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    private mutating func document() throws(JSONSyntaxError) -> JSON {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw fault("it begins with a byte order mark") }
        skipWhitespace()
        let value = try value(depth: 0)
        skipWhitespace()
        guard position == bytes.count else { throw fault("something follows the value") }
        return value
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSON {
        values += 1
        guard values <= limits.values else { throw limit("it has more than \(limits.values) values") }
        guard let byte = peek() else { throw fault("it ends too early") }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw fault("a value is expected")
        }
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSON {
        guard depth <= limits.depth else { throw limit("it is nested deeper than \(limits.depth)") }
        position += 1
        var members: [JSONObject.Member] = []
        var names: Set<String> = []
        skipWhitespace()
        if take("}") { return .object(JSONObject()) }
        repeat {
            skipWhitespace()
            guard peek() == UInt8(ascii: "\"") else { throw fault("a member name is expected") }
            let start = position
            let name = try string()
            guard isNew(name, among: members, &names) else {
                position = start
                throw fault("a member name stands twice in an object")
            }
            skipWhitespace()
            guard take(":") else { throw fault("a colon is expected") }
            skipWhitespace()
            members.append(.init(name: name, value: try value(depth: depth)))
            skipWhitespace()
        } while take(",")
        guard take("}") else { throw fault("a comma or a closing brace is expected") }
        return .object(JSONObject(unchecked: members))
    }

    /// Whether no member has that name; for a few it is quicker to compare them than to make a set.
    private func isNew(_ name: String, among members: [JSONObject.Member], _ names: inout Set<String>) -> Bool {
        if members.count < 12 { return !members.contains { $0.name == name } }
        if names.isEmpty { names = Set(members.map(\.name)) }
        return names.insert(name).inserted
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSON {
        guard depth <= limits.depth else { throw limit("it is nested deeper than \(limits.depth)") }
        position += 1
        var elements: [JSON] = []
        skipWhitespace()
        if take("]") { return .array([]) }
        repeat {
            skipWhitespace()
            elements.append(try value(depth: depth))
            skipWhitespace()
        } while take(",")
        guard take("]") else { throw fault("a comma or a closing bracket is expected") }
        return .array(elements)
    }

    private mutating func literal(_ text: StaticString, _ value: JSON) throws(JSONSyntaxError) -> JSON {
        let length = text.utf8CodeUnitCount
        guard bytes.count - position >= length,
            (0..<length).allSatisfy({ bytes[position + $0] == text.utf8Start[$0] })
        else { throw fault("a value is expected") }
        position += length
        return value
    }

    private mutating func number() throws(JSONSyntaxError) -> JSON {
        let start = position
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        guard position - start <= 64 else { throw fault("a number is longer than 64 characters") }
        return .number(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func digits() throws(JSONSyntaxError) {
        let start = position
        while let byte = peek(), byte >= 0x30, byte <= 0x39 { position += 1 }
        guard position > start else { throw fault("a digit is expected") }
    }

    private mutating func string() throws(JSONSyntaxError) -> String {
        position += 1
        let start = position
        while let byte = peek() {
            if byte == UInt8(ascii: "\"") {
                let text = String(validating: bytes[start..<position], as: UTF8.self)
                guard let text else { throw fault("a string is not valid UTF-8") }
                position += 1
                return text
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            guard byte >= 0x20 else { throw fault("a control character stands in a string") }
            position += 1
        }
        throw fault("a string has no end")
    }

    /// Goes on with a string that has escapes; everything from `start` to here is plain.
    private mutating func escapedString(from start: Int) throws(JSONSyntaxError) -> String {
        var text = Array(bytes[start..<position])
        while let byte = peek() {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw fault("a string is not valid UTF-8")
                }
                return string
            case UInt8(ascii: "\\"): try appendEscape(to: &text)
            case ..<0x20:
                position -= 1
                throw fault("a control character stands in a string")
            default: text.append(byte)
            }
        }
        throw fault("a string has no end")
    }

    private mutating func appendEscape(to text: inout [UInt8]) throws(JSONSyntaxError) {
        guard let byte = peek() else { throw fault("a string has no end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: Array(Character(try unicodeEscape()).utf8))
        default: throw fault("an unknown escape stands in a string")
        }
    }

    private mutating func unicodeEscape() throws(JSONSyntaxError) -> Unicode.Scalar {
        let unit = try hexUnit()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard unit < 0xDC00, take("\\"), take("u") else { throw fault("half of a surrogate pair stands alone") }
        let low = try hexUnit()
        guard (0xDC00..<0xE000).contains(low),
            let scalar = Unicode.Scalar(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
        else { throw fault("half of a surrogate pair stands alone") }
        return scalar
    }

    private mutating func hexUnit() throws(JSONSyntaxError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw fault("four hexadecimal digits are expected")
            }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipWhitespace() {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position += 1
        }
    }

    private func fault(_ reason: String) -> JSONSyntaxError { JSONSyntaxError(reason: reason, offset: position) }

    private func limit(_ reason: String) -> JSONSyntaxError {
        JSONSyntaxError(reason: reason, offset: position, isLimit: true)
    }
}
