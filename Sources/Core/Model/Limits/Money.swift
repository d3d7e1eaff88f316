/// An amount in the organisation's currency, exact to a billionth.
package struct Money: Sendable, Hashable, Comparable {
    static let unit = 1_000_000_000
    /// A billion units, so that the sums of some are still far from the largest integer.
    static let largest = 1_000_000_000 * unit

    package var nano: Int

    package init(nano: Int) { self.nano = nano }

    package static func < (left: Money, right: Money) -> Bool { left.nano < right.nano }

    /// Decimal digits without an exponent: `12`, `0.5`, `0.000000125`.
    package var text: String {
        let (whole, rest) = nano.magnitude.quotientAndRemainder(dividingBy: UInt(Self.unit))
        let sign = nano < 0 ? "-" : ""
        guard rest > 0 else { return "\(sign)\(whole)" }
        let digits = String(rest)
        let fraction = String(repeating: "0", count: 9 - digits.utf8.count) + digits
        let zeros = fraction.utf8.reversed().prefix { $0 == 0x30 }.count
        return "\(sign)\(whole).\(fraction.dropLast(zeros))"
    }

    /// The exact number; readers that take it for a double may round it.
    package var json: JSON { .number(text) }

    /// Reads a number that is not negative and has at most nine decimals, digit by digit, without a double between.
    package init?(json: JSON) {
        guard case .number(let text) = json else { return nil }
        self.init(text: text)
    }

    /// The same of a text: `12`, `0.5`, `1e-05`.
    package init?(text: String) {
        let parts = text.utf8.split(omittingEmptySubsequences: false) { $0 | 0x20 == UInt8(ascii: "e") }
        let exponent = parts.count == 2 ? Int(String(decoding: parts[1], as: UTF8.self)) : 0
        guard (1...2).contains(parts.count), let exponent, (-20...20).contains(exponent) else { return nil }
        let halves = parts[0].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...2).contains(halves.count), halves.allSatisfy({ !$0.isEmpty && $0.allSatisfy(Self.isDigit) }) else {
            return nil
        }
        var digits = Array(halves.joined())
        let decimals = (halves.count == 2 ? halves[1].count : 0) - exponent
        digits = Array(digits.drop { $0 == 0x30 })
        let zeros = digits.isEmpty ? 0 : 9 - decimals
        if zeros >= 0 {
            guard digits.count + zeros <= 19 else { return nil }
            digits += repeatElement(0x30, count: zeros)
        } else {
            guard digits.suffix(-zeros).allSatisfy({ $0 == 0x30 }) else { return nil }
            digits.removeLast(min(digits.count, -zeros))
        }
        guard let nano = digits.isEmpty ? 0 : Int(String(decoding: digits, as: UTF8.self)), nano <= Self.largest else {
            return nil
        }
        self.nano = nano
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
