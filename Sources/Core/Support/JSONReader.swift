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
        package static let openAI = Limits(depth: 32, values: 100_000)
        /// What an upstream or a file of ours may hold.
        ///
        /// A value takes about 100 bytes beside its text.
        package static let trusted = Limits(depth: 64, values: 1_000_000)
        /// A whole archive in one file, which the operator names.
        package static let imported = Limits(depth: 64, values: 100_000_000)
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private let limits: Limits
    private var position = 0
    private var values = 0
    /// The names of all objects that are open, those of the innermost last.
    private var names: [Name] = []

    /// A member's name, without its quotes.
    private struct Name {
        let range: Range<Int>
        /// Whether its bytes are its text, so that they can be compared.
        let isPlain: Bool
    }

    /// Reads the whole of `bytes` as one value, white space around it allowed.
    package static func read(_ bytes: [UInt8], limits: Limits = .caller) throws(JSONSyntaxError) -> JSON {
        try text(bytes, limits: limits).value
    }

    package static func read(_ text: String, limits: Limits = .caller) throws(JSONSyntaxError) -> JSON {
        try read(Array(text.utf8), limits: limits)
    }

    /// Checks the whole of `bytes` without taking it apart.
    package static func text(_ bytes: [UInt8], limits: Limits = .caller) throws(JSONSyntaxError) -> JSONText {
        let result: Result<Range<Int>, JSONSyntaxError> = bytes.withUnsafeBufferPointer { buffer in
            var reader = JSONReader(bytes: buffer, limits: limits)
            do throws(JSONSyntaxError) { return .success(try reader.document()) } catch { return .failure(error) }
        }
        return JSONText(bytes, at: try result.get())
    }

    private init(bytes: UnsafeBufferPointer<UInt8>, limits: Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// Where the value stands.
    private mutating func document() throws(JSONSyntaxError) -> Range<Int> {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw fault("it begins with a byte order mark") }
        skipWhitespace()
        let start = position
        try value(depth: 0)
        let end = position
        skipWhitespace()
        guard position == bytes.count else { throw fault("something follows the value") }
        return start..<end
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) {
        values += 1
        guard values <= limits.values else { throw limit("it has more than \(limits.values) values") }
        guard let byte = peek() else { throw fault("it ends too early") }
        switch byte {
        case UInt8(ascii: "{"): try object(depth: depth + 1)
        case UInt8(ascii: "["): try array(depth: depth + 1)
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        default: throw fault("a value is expected")
        }
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) {
        guard depth <= limits.depth else { throw limit("it is nested deeper than \(limits.depth)") }
        position += 1
        let first = names.count
        var known: Set<String> = []
        skipWhitespace()
        if take("}") { return }
        repeat {
            skipWhitespace()
            guard peek() == UInt8(ascii: "\"") else { throw fault("a member name is expected") }
            let start = position
            let isPlain = try string()
            let name = Name(range: (start + 1)..<(position - 1), isPlain: isPlain)
            guard isNew(name, after: first, &known) else {
                position = start
                throw fault("a member name stands twice in an object")
            }
            names.append(name)
            skipWhitespace()
            guard take(":") else { throw fault("a colon is expected") }
            skipWhitespace()
            try value(depth: depth)
            skipWhitespace()
        } while take(",")
        guard take("}") else { throw fault("a comma or a closing brace is expected") }
        names.removeLast(names.count - first)
    }

    /// Whether no member has that name; for a few it is quicker to compare them than to make a set.
    private func isNew(_ name: Name, after first: Int, _ known: inout Set<String>) -> Bool {
        if names.count - first < 12 { return !names[first...].contains { isSame($0, name) } }
        if known.isEmpty { known = Set(names[first...].map(text)) }
        return known.insert(text(of: name)).inserted
    }

    /// Swift takes composed and decomposed accents for the same, so these are no two names.
    private func isSame(_ one: Name, _ other: Name) -> Bool {
        guard one.isPlain, other.isPlain else { return text(of: one) == text(of: other) }
        return one.range.count == other.range.count && bytes[one.range].elementsEqual(bytes[other.range])
    }

    private func text(of name: Name) -> String { JSONText.unescaped(bytes.extracting(name.range)) }

    private mutating func array(depth: Int) throws(JSONSyntaxError) {
        guard depth <= limits.depth else { throw limit("it is nested deeper than \(limits.depth)") }
        position += 1
        skipWhitespace()
        if take("]") { return }
        repeat {
            skipWhitespace()
            try value(depth: depth)
            skipWhitespace()
        } while take(",")
        guard take("]") else { throw fault("a comma or a closing bracket is expected") }
    }

    private mutating func literal(_ text: StaticString) throws(JSONSyntaxError) {
        let length = text.utf8CodeUnitCount
        guard bytes.count - position >= length,
            (0..<length).allSatisfy({ bytes[position + $0] == text.utf8Start[$0] })
        else { throw fault("a value is expected") }
        position += length
    }

    private mutating func number() throws(JSONSyntaxError) {
        let start = position
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        guard position - start <= 64 else { throw fault("a number is longer than 64 characters") }
    }

    private mutating func digits() throws(JSONSyntaxError) {
        let start = position
        while let byte = peek(), byte >= 0x30, byte <= 0x39 { position += 1 }
        guard position > start else { throw fault("a digit is expected") }
    }

    /// Whether the bytes of the string are its text: ASCII without escapes.
    private mutating func string() throws(JSONSyntaxError) -> Bool {
        position += 1
        let start = position
        var hasEscapes = false
        var isASCII = true
        while true {
            isASCII = JSONText.skipPlain(in: bytes, from: &position) && isASCII
            guard let byte = peek() else { throw fault("a string has no end") }
            switch byte {
            case UInt8(ascii: "\""):
                guard isASCII || (try? UTF8Span(validating: bytes.extracting(start..<position).span)) != nil else {
                    throw fault("a string is not valid UTF-8")
                }
                position += 1
                return isASCII && !hasEscapes
            case UInt8(ascii: "\\"):
                hasEscapes = true
                position += 1
                try escape()
            default: throw fault("a control character stands in a string")
            }
        }
    }

    private mutating func escape() throws(JSONSyntaxError) {
        guard let byte = peek() else { throw fault("a string has no end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return
        case UInt8(ascii: "u"): try unicodeEscape()
        default: throw fault("an unknown escape stands in a string")
        }
    }

    private mutating func unicodeEscape() throws(JSONSyntaxError) {
        let unit = try hexUnit()
        guard (0xD800..<0xE000).contains(unit) else { return }
        guard unit < 0xDC00, take("\\"), take("u"), (0xDC00..<0xE000).contains(try hexUnit()) else {
            throw fault("half of a surrogate pair stands alone")
        }
    }

    private mutating func hexUnit() throws(JSONSyntaxError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek(), let digit = Hex.value(of: byte) else {
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
