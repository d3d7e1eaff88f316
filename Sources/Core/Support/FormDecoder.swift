/// Decodes `application/x-www-form-urlencoded` text: query strings and plain form posts.
package enum FormDecoder {
    package struct Malformed: Error {
        /// A full sentence for a person.
        package let message: String
    }

    /// The names and values in their order; "+" is a space.
    ///
    /// - Throws: For broken percent signs, bytes that are not UTF-8 and more than 1,000 fields.
    package static func decode(_ bytes: some Collection<UInt8>) throws(Malformed) -> [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        for pair in bytes.split(separator: UInt8(ascii: "&")) {
            guard fields.count < 1000 else {
                throw Malformed(message: "The form has more than 1000 fields.")
            }
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first else { continue }
            fields.append((try text(name), parts.count > 1 ? try text(parts[1]) : ""))
        }
        return fields
    }

    private static func text(_ bytes: some Collection<UInt8>) throws(Malformed) -> String {
        var decoded: [UInt8] = []
        var pending: [UInt8]?
        for byte in bytes {
            if var digits = pending {
                digits.append(byte)
                pending = digits
                guard digits.count == 2 else { continue }
                guard let value = UInt8(hexadecimal: digits) else { throw malformed }
                decoded.append(value)
                pending = nil
            } else if byte == UInt8(ascii: "%") {
                pending = []
            } else {
                decoded.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        guard pending == nil, let text = String(validating: decoded, as: UTF8.self) else { throw malformed }
        return text
    }

    private static let malformed = Malformed(
        message: "The form or query string is not valid percent-encoded UTF-8.")
}

extension UInt8 {
    /// The byte that two hexadecimal digits name.
    fileprivate init?(hexadecimal digits: [UInt8]) {
        var value: UInt8 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | (digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | (digit - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | (digit - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        self = value
    }
}
