/// Steps on text that the standard library has no word for.
package enum Text {
    /// `text` with every `part` replaced, found from the start and never inside a replacement.
    static func replacing(_ part: String, in text: String, with replacement: String) -> String {
        var output: [UInt8] = []
        var rest = Array(text.utf8)[...]
        let wanted = Array(part.utf8)
        while let found = rest.firstRange(of: wanted) {
            output += rest[..<found.lowerBound]
            output += Array(replacement.utf8)
            rest = rest[found.upperBound...]
        }
        return String(decoding: output + rest, as: UTF8.self)
    }
}
