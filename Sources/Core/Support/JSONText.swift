/// A JSON value that ``JSONReader`` found valid, kept as its bytes: read where it is needed, passed on as it came.
///
/// All values of a text share its bytes. Reading goes over what stands before, so whoever needs several members or
/// elements takes them in one pass.
package struct JSONText: Sendable {
    package typealias Member = (name: String, value: JSONText)

    private let storage: [UInt8]
    private let range: Range<Int>

    /// - Parameter range: Where one value stands in `storage`, checked by ``JSONReader``.
    init(_ storage: [UInt8], at range: Range<Int>) {
        self.storage = storage
        self.range = range
    }

    package init(_ value: JSON) {
        storage = value.bytes
        range = 0..<storage.count
    }

    /// A list of these values.
    package init(_ elements: [JSONText]) {
        var output: [UInt8] = []
        output.reserveCapacity(elements.reduce(2) { $0 + $1.count + 1 })
        output.append(UInt8(ascii: "["))
        for (place, element) in elements.enumerated() {
            if place > 0 { output.append(UInt8(ascii: ",")) }
            element.write(to: &output)
        }
        output.append(UInt8(ascii: "]"))
        self.init(output, at: 0..<output.count)
    }

    /// The bytes that it takes.
    package var count: Int { range.count }

    package func write(to output: inout [UInt8]) { output.append(contentsOf: storage[range]) }

    package var value: JSON { withCursor { $0.value() } }

    package var isNull: Bool { first == UInt8(ascii: "n") }

    package var isObject: Bool { first == UInt8(ascii: "{") }

    package var isString: Bool { first == UInt8(ascii: "\"") }

    package var string: String? {
        isString ? withBytes { Self.unescaped($0.extracting(1..<($0.count - 1))) } : nil
    }

    /// The members of an object; nil for any other kind of value.
    package var members: [Member]? {
        guard first == UInt8(ascii: "{") else { return nil }
        return withCursor { cursor in
            var members: [Member] = []
            while cursor.next("}") {
                let name = cursor.string()
                cursor.colon()
                members.append((name, part(cursor.skip())))
            }
            return members
        }
    }

    /// The elements of an array; nil for any other kind of value.
    package var elements: [JSONText]? {
        guard first == UInt8(ascii: "[") else { return nil }
        return withCursor { cursor in
            var elements: [JSONText] = []
            while cursor.next("]") { elements.append(part(cursor.skip())) }
            return elements
        }
    }

    /// The member `name` of an object; nil for an absent member and for any other kind of value.
    package subscript(name: String) -> JSONText? {
        guard first == UInt8(ascii: "{") else { return nil }
        return withCursor { cursor in
            while cursor.next("}") {
                let isIt = cursor.string() == name
                cursor.colon()
                let place = cursor.skip()
                if isIt { return part(place) }
            }
            return nil
        }
    }

    /// Calls `body` with the UTF-8 bytes of a string's text, without a copy where it has no escapes.
    func withUTF8<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        withBytes { bytes in
            let content = bytes.extracting(1..<(bytes.count - 1))
            if Self.isPlain(content) { return body(content) }
            var decoded: [UInt8] = []
            Self.unescape(content, to: &decoded)
            return decoded.withUnsafeBufferPointer(body)
        }
    }

    private var first: UInt8 { storage[range.lowerBound] }

    /// A value whose place is counted from the beginning of this one.
    private func part(_ place: Range<Int>) -> JSONText {
        JSONText(storage, at: (range.lowerBound + place.lowerBound)..<(range.lowerBound + place.upperBound))
    }

    private func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        storage.withUnsafeBufferPointer { body($0.extracting(range)) }
    }

    private func withCursor<Result>(_ body: (inout Cursor) -> Result) -> Result {
        withBytes { bytes in
            var cursor = Cursor(bytes)
            return body(&cursor)
        }
    }
}

extension JSONText {
    /// Goes over a text that is known to be valid, so that it looks only at what it needs.
    private struct Cursor {
        private let bytes: UnsafeBufferPointer<UInt8>
        private var position = 0

        init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

        mutating func value() -> JSON {
            switch bytes[position] {
            case UInt8(ascii: "{"):
                var members: [JSONObject.Member] = []
                while next("}") {
                    if members.isEmpty { members.reserveCapacity(4) }
                    let name = string()
                    colon()
                    members.append(.init(name: name, value: value()))
                }
                return .object(JSONObject(unchecked: members))
            case UInt8(ascii: "["):
                var elements: [JSON] = []
                while next("]") { elements.append(value()) }
                return .array(elements)
            case UInt8(ascii: "\""): return .string(string())
            case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool(skip().count == 4)
            case UInt8(ascii: "n"):
                _ = skip()
                return .null
            default: return .number(String(decoding: bytes[skip()], as: UTF8.self))
            }
        }

        /// Goes to the next member or element of the container that stands here or is open; false at its end.
        mutating func next(_ end: Unicode.Scalar) -> Bool {
            skipWhitespace()
            if bytes[position] == UInt8(ascii: end) {
                position += 1
                return false
            }
            // The opening bracket or a comma.
            position += 1
            skipWhitespace()
            guard bytes[position] == UInt8(ascii: end) else { return true }
            position += 1
            return false
        }

        mutating func colon() {
            skipWhitespace()
            position += 1
            skipWhitespace()
        }

        mutating func string() -> String {
            let place = skipString()
            return JSONText.unescaped(bytes.extracting((place.lowerBound + 1)..<(place.upperBound - 1)))
        }

        /// Passes over the value that stands here.
        mutating func skip() -> Range<Int> {
            let start = position
            var depth = 0
            repeat {
                switch bytes[position] {
                case UInt8(ascii: "\""): _ = skipString()
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    depth += 1
                    position += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    depth -= 1
                    position += 1
                case UInt8(ascii: ","), UInt8(ascii: ":"), 0x20, 0x09, 0x0A, 0x0D: position += 1
                default:
                    repeat { position += 1 } while position < bytes.count && isInScalar(bytes[position])
                }
            } while depth > 0
            return start..<position
        }

        private func isInScalar(_ byte: UInt8) -> Bool {
            byte > 0x20 && byte != UInt8(ascii: ",") && byte != UInt8(ascii: "}") && byte != UInt8(ascii: "]")
        }

        private mutating func skipString() -> Range<Int> {
            let start = position
            position += 1
            JSONText.skipPlain(in: bytes, from: &position)
            while bytes[position] != UInt8(ascii: "\"") {
                // A backslash and what it stands before.
                position += 2
                JSONText.skipPlain(in: bytes, from: &position)
            }
            position += 1
            return start..<position
        }

        private mutating func skipWhitespace() {
            while bytes[position] <= 0x20 { position += 1 }
        }
    }
}

extension JSONText {
    /// Passes over bytes of a string to the first quote, backslash or control character, or to the end.
    ///
    /// - Returns: Whether all of them are ASCII.
    @discardableResult
    static func skipPlain(in bytes: UnsafeBufferPointer<UInt8>, from position: inout Int) -> Bool {
        var seen: UInt64 = 0
        while position + 8 <= bytes.count {
            let word = UnsafeRawPointer(bytes.baseAddress.unsafelyUnwrapped)
                .loadUnaligned(fromByteOffset: position, as: UInt64.self).littleEndian
            let quote = word ^ 0x2222_2222_2222_2222
            let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
            // Bit 7 of a byte is set in the lowest byte that is zero, or in `word` below 0x20 (Mycroft's test); those
            // above that one may be wrong.
            let found =
                ((quote &- 0x0101_0101_0101_0101) & ~quote | (backslash &- 0x0101_0101_0101_0101) & ~backslash
                    | (word &- 0x2020_2020_2020_2020) & ~word) & 0x8080_8080_8080_8080
            if found != 0 {
                let place = found.trailingZeroBitCount / 8
                position += place
                return (seen | word & ((1 << UInt64(place * 8)) &- 1)) & 0x8080_8080_8080_8080 == 0
            }
            seen |= word
            position += 8
        }
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            seen |= UInt64(byte)
            position += 1
        }
        return seen & 0x8080_8080_8080_8080 == 0
    }

    /// The text of a valid string, `content` being without its quotes.
    static func unescaped(_ content: UnsafeBufferPointer<UInt8>) -> String {
        if isPlain(content) { return String(decoding: content, as: UTF8.self) }
        var decoded: [UInt8] = []
        unescape(content, to: &decoded)
        return String(decoding: decoded, as: UTF8.self)
    }

    /// Whether there is no escape in what stands in a valid string.
    private static func isPlain(_ content: UnsafeBufferPointer<UInt8>) -> Bool {
        var position = 0
        skipPlain(in: content, from: &position)
        return position == content.count
    }

    private static func unescape(_ content: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        output.reserveCapacity(content.count)
        var position = 0
        while true {
            let start = position
            skipPlain(in: content, from: &position)
            output.append(contentsOf: content.extracting(start..<position))
            guard position < content.count else { return }
            let letter = content[position + 1]
            position += 2
            switch letter {
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0C)
            case UInt8(ascii: "n"): output.append(0x0A)
            case UInt8(ascii: "r"): output.append(0x0D)
            case UInt8(ascii: "t"): output.append(0x09)
            case UInt8(ascii: "u"):
                var unit = unit(of: content.extracting(position..<(position + 4)))
                position += 4
                if (0xD800..<0xDC00).contains(unit) {
                    let low = self.unit(of: content.extracting((position + 2)..<(position + 6)))
                    unit = 0x10000 + ((unit - 0xD800) << 10) + low - 0xDC00
                    position += 6
                }
                if let encoded = Unicode.Scalar(unit).flatMap(UTF8.encode) { output.append(contentsOf: encoded) }
            default: output.append(letter)
            }
        }
    }

    private static func unit(of digits: UnsafeBufferPointer<UInt8>) -> UInt32 {
        digits.reduce(0) { $0 << 4 | UInt32(Hex.value(of: $1) ?? 0) }
    }
}
