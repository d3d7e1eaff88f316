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
        decoded.reserveCapacity(bytes.count)
        var rest = bytes.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(Hex.value), let low = rest.next().flatMap(Hex.value) else {
                    throw malformed
                }
                decoded.append(high << 4 | low)
            case UInt8(ascii: "+"): decoded.append(0x20)
            default: decoded.append(byte)
            }
        }
        guard let text = String(validating: decoded, as: UTF8.self) else { throw malformed }
        return text
    }

    private static let malformed = Malformed(
        message: "The form or query string is not valid percent-encoded UTF-8.")
}
