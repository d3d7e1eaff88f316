@_spi(_Unicode) import Swift

extension Text {
    /// `text` as searches compare it, in UTF-8: without case, accents and what else stands above or below letters.
    ///
    /// The standard library decomposes characters, but does not show that yet: `_nfd` is what its comparisons use.
    package static func folded(_ text: String) -> [UInt8] {
        // Nearly all ids and many names are ASCII.
        if text.utf8.allSatisfy({ $0 < 0x80 }) {
            return text.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        }
        var folded: [UInt8] = []
        for scalar in text.lowercased()._nfd {
            if let letters = plain[scalar] {
                folded += letters.utf8
            } else if scalar.properties.generalCategory != .nonspacingMark {
                folded += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            }
        }
        return folded
    }

    /// Letters that Unicode does not take apart, but people do.
    private static let plain: [Unicode.Scalar: String] = [
        "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i", "ħ": "h",
        "ŧ": "t", "ς": "σ",
    ]
}
