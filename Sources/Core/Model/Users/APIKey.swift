import Crypto

/// What a caller presents: `sk-cas-`, 32 random base62 characters and 6 that hold their CRC-32.
///
/// The checksum refuses a mistyped key without touching the disk. Keys that were imported from the Flask
/// server are 32 letters and digits without prefix or checksum.
package struct APIKey: Sendable, Equatable {
    /// SHA-256 of a key in hexadecimal; the only form in which a key is stored.
    package typealias Digest = String

    package let text: String

    /// The key in `text`, or nil if it cannot be one.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        if bytes.starts(with: Self.prefix) {
            let body = bytes.dropFirst(Self.prefix.count)
            guard body.count == Self.randomLength + Self.checkLength, body.allSatisfy(Self.alphabet.contains),
                Array(body.suffix(Self.checkLength)) == Self.check(of: body.prefix(Self.randomLength))
            else { return nil }
        } else {
            guard bytes.count == 32, bytes.allSatisfy(Self.alphabet.contains) else { return nil }
        }
        self.text = text
    }

    /// A new key of 190 random bits.
    package static func generate() -> APIKey {
        var generator = SystemRandomNumberGenerator()
        let random = (0..<randomLength).map { _ in alphabet[Int.random(in: 0..<62, using: &generator)] }
        return APIKey(unchecked: String(decoding: prefix + random + check(of: random[...]), as: UTF8.self))
    }

    package var digest: Digest { Hex.sha256(text) }

    package var lastFour: String { String(text.suffix(4)) }

    private init(unchecked text: String) { self.text = text }

    private static let prefix = Array("sk-cas-".utf8)
    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    private static let randomLength = 32
    private static let checkLength = 6

    private static func check(of random: ArraySlice<UInt8>) -> [UInt8] {
        var value = CRC32.checksum(random)
        var digits: [UInt8] = []
        for _ in 0..<checkLength {
            digits.append(alphabet[Int(value % 62)])
            value /= 62
        }
        return digits.reversed()
    }
}

extension APIKey: CustomStringConvertible, CustomReflectable {
    /// Never the key itself, so that it cannot slip into a log.
    package var description: String { "key …\(lastFour)" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
