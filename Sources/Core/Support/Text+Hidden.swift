extension Text {
    /// Whether a scalar changes how other text looks, or a terminal behaves, without being seen.
    package static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x200C, 0x200D, 0xFE00...0xFE0F, 0xE0100...0xE01EF, 0x180B...0x180D, 0x180F: return false
        case 0xFFF9...0xFFFB: return true
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: return true
        default: return scalar.properties.isDefaultIgnorableCodePoint
        }
    }

    /// `text` for a terminal: what is hidden is written as `\u{…}`.
    package static func shown(_ text: String) -> String {
        text.unicodeScalars.contains(where: isHidden)
            ? text.unicodeScalars.map { isHidden($0) ? "\\u{\(String($0.value, radix: 16))}" : String($0) }.joined()
            : text
    }

    /// The text of a JSON value for a terminal: the same value, with what is hidden escaped.
    package static func shown(_ json: JSON) -> String {
        let text = json.text
        guard text.unicodeScalars.contains(where: isHidden) else { return text }
        return text.unicodeScalars.map { scalar in
            guard isHidden(scalar) else { return String(scalar) }
            return String(scalar).utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined()
        }.joined()
    }
}
