/// Walks over a JSON text and makes nothing of it, as strict as ``JSONReader`` with the limits `trusted`.
///
/// What would take it work it leaves alone: member names with escapes, objects of more than 16 members, deep nesting,
/// and texts over 1 MiB. So a refusal says that ``JSONReader`` has to decide.
struct JSONScanner {
    /// A string that was walked over.
    struct Text {
        /// Between the quotes.
        var range: Range<Int>
        /// How many bytes its text has once it is decoded.
        var size: Int
        var hasEscapes: Bool
    }

    private static let mostBytes = 1 << 20
    private static let mostMembers = 16
    private static let mostDepth = 16

    let bytes: UnsafeBufferPointer<UInt8>
    private(set) var position = 0
    private var depth = 0

    /// Has `scan` walk over the whole of `bytes`; nil where it refuses or something is left.
    ///
    /// White space is skipped but for line ends: a text with those is refused.
    static func scan<Found>(_ bytes: [UInt8], _ scan: (inout JSONScanner) -> Found?) -> Found? {
        bytes.withUnsafeBufferPointer { Self.scan($0, scan) }
    }

    static func scan<Found>(_ bytes: UnsafeBufferPointer<UInt8>, _ scan: (inout JSONScanner) -> Found?) -> Found? {
        guard bytes.count <= mostBytes else { return nil }
        var scanner = JSONScanner(bytes: bytes)
        guard let found = scan(&scanner) else { return nil }
        scanner.skipSpace()
        return scanner.position == bytes.count ? found : nil
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// The first byte of what comes next.
    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// Whether `range` holds exactly these bytes.
    func isEqual(_ range: Range<Int>, _ word: StaticString) -> Bool {
        guard range.count == word.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count where bytes[range.lowerBound + offset] != word.utf8Start[offset] { return false }
        return true
    }

    /// Walks over the object that comes next; `member` gets each name and walks over its value.
    mutating func object(_ member: (inout JSONScanner, _ name: Range<Int>) -> Bool) -> Bool {
        guard enter("{") else { return false }
        var names = InlineArray<16, Range<Int>>(repeating: 0..<0)
        var count = 0
        if !leave("}") {
            repeat {
                skipSpace()
                guard count < Self.mostMembers, let name = string(), !name.hasEscapes else { return false }
                for other in 0..<count where isSame(names[other], name.range) { return false }
                names[count] = name.range
                count += 1
                skipSpace()
                guard take(":") else { return false }
                skipSpace()
                guard member(&self, name.range) else { return false }
                skipSpace()
            } while take(",")
            return leave("}")
        }
        return true
    }

    /// Walks over the array that comes next; `element` walks over one value.
    mutating func array(_ element: (inout JSONScanner) -> Bool) -> Bool {
        guard enter("[") else { return false }
        if leave("]") { return true }
        repeat {
            skipSpace()
            guard element(&self) else { return false }
            skipSpace()
        } while take(",")
        return leave("]")
    }

    /// Walks over whatever value comes next.
    mutating func value() -> Bool {
        switch next {
        case UInt8(ascii: "{"): object { scanner, _ in scanner.value() }
        case UInt8(ascii: "["): array { $0.value() }
        case UInt8(ascii: "\""): string() != nil
        case UInt8(ascii: "t"): literal("true")
        case UInt8(ascii: "f"): literal("false")
        case UInt8(ascii: "n"): literal("null")
        default: number()
        }
    }

    mutating func null() -> Bool { literal("null") }

    mutating func literal(_ word: StaticString) -> Bool {
        let end = position + word.utf8CodeUnitCount
        guard end <= bytes.count, isEqual(position..<end, word) else { return false }
        position = end
        return true
    }

    /// Walks over the string that comes next.
    mutating func string() -> Text? {
        guard take("\"") else { return nil }
        let start = position
        var size = 0
        var hasEscapes = false
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return Text(range: start..<position - 1, size: size, hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                guard let decoded = escape() else { return nil }
                hasEscapes = true
                size += decoded
            case 0x20..<0x80:
                position += 1
                size += 1
            case 0x80...:
                guard let length = sequence() else { return nil }
                position += length
                size += length
            default: return nil
            }
        }
        return nil
    }

    /// Walks over an escape, half of a surrogate pair only with its other half; the size of what it means.
    private mutating func escape() -> Int? {
        guard position + 1 < bytes.count else { return nil }
        position += 2
        switch bytes[position - 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return 1
        case UInt8(ascii: "u"):
            guard let unit = hexUnit() else { return nil }
            switch unit {
            case ..<0x80: return 1
            case ..<0x800: return 2
            case 0xD800..<0xDC00:
                guard take("\\"), take("u"), let low = hexUnit(), 0xDC00..<0xE000 ~= low else { return nil }
                return 4
            case 0xDC00..<0xE000: return nil
            default: return 3
            }
        default: return nil
        }
    }

    private mutating func hexUnit() -> UInt32? {
        guard position + 4 <= bytes.count else { return nil }
        var unit: UInt32 = 0
        for _ in 0..<4 {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): unit = unit << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): unit = unit << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): unit = unit << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: return nil
            }
            position += 1
        }
        return unit
    }

    /// The length of the character of several bytes that comes next; nil where it is not valid (RFC 3629, section 4).
    private func sequence() -> Int? {
        let rest = bytes.count - position
        let first = bytes[position]
        let second = rest > 1 ? bytes[position + 1] : 0
        let (length, seconds): (Int, ClosedRange<UInt8>)
        switch first {
        case 0xC2...0xDF: (length, seconds) = (2, 0x80...0xBF)
        case 0xE0: (length, seconds) = (3, 0xA0...0xBF)
        case 0xED: (length, seconds) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, seconds) = (3, 0x80...0xBF)
        case 0xF0: (length, seconds) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, seconds) = (4, 0x80...0xBF)
        case 0xF4: (length, seconds) = (4, 0x80...0x8F)
        default: return nil
        }
        guard rest >= length, seconds ~= second else { return nil }
        for offset in 2..<max(2, length) where bytes[position + offset] & 0xC0 != 0x80 { return nil }
        return length
    }

    private mutating func number() -> Bool {
        let start = position
        _ = take("-")
        if !take("0") { guard digits() else { return false } }
        if take(".") { guard digits() else { return false } }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard digits() else { return false }
        }
        return position - start <= 64
    }

    private mutating func digits() -> Bool {
        let start = position
        while let byte = next, 0x30...0x39 ~= byte { position += 1 }
        return position > start
    }

    private func isSame(_ one: Range<Int>, _ other: Range<Int>) -> Bool {
        guard one.count == other.count else { return false }
        for offset in 0..<one.count where bytes[one.lowerBound + offset] != bytes[other.lowerBound + offset] {
            return false
        }
        return true
    }

    private mutating func enter(_ bracket: Unicode.Scalar) -> Bool {
        guard depth < Self.mostDepth, take(bracket) else { return false }
        depth += 1
        skipSpace()
        return true
    }

    private mutating func leave(_ bracket: Unicode.Scalar) -> Bool {
        guard take(bracket) else { return false }
        depth -= 1
        return true
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x09 { position += 1 }
    }
}
