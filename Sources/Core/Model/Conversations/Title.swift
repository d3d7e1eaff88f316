/// The title of a conversation.
package enum Title {
    /// The most characters of a title.
    package static let length = 80
    /// The most bytes of a title: a character may have any number of marks.
    package static let maxBytes = 256
    /// No more of a text is looked at.
    private static let readBytes = 4096

    /// A title made of the prompt's first line, cut at a word.
    package static func cut(from prompt: String) -> String {
        if isTitle(prompt) { return prompt }
        let words = clean(prompt) ?? "New conversation"
        guard words.count > 60 else { return words }
        let head = words.prefix(59)
        let end = head.lastIndex(of: " ").map { head.distance(from: head.startIndex, to: $0) > 20 ? $0 : head.endIndex }
        return head[..<(end ?? head.endIndex)] + "…"
    }

    /// Whether a text can be a title as it is: short and of letters, digits and single spaces only.
    private static func isTitle(_ text: String) -> Bool {
        var before = UInt8(ascii: " ")
        guard (1...60).contains(text.utf8.count) else { return false }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"):
                break
            case UInt8(ascii: " ") where before != byte: break
            default: return false
            }
            before = byte
        }
        return before != UInt8(ascii: " ")
    }

    /// What a model or a person gave as a title, on one line and without the quotes that models like; nil if nothing
    /// is left.
    package static func clean(_ text: String) -> String? {
        let line = beginning(of: text).split(whereSeparator: \.isNewline).first { !$0.allSatisfy(\.isWhitespace) } ?? ""
        let visible = String.UnicodeScalarView(line.unicodeScalars.filter { !isHidden($0) })
        var title = String(visible).split(separator: " ").joined(separator: " ")
        if title.lowercased().hasPrefix("title: ") { title = String(title.dropFirst(7)) }
        let quotes: Set<Character> = ["\"", "'", "“", "”", "«", "»", "*", "#", " "]
        while let last = title.last, quotes.contains(last) { title.removeLast() }
        while let first = title.first, quotes.contains(first) { title.removeFirst() }
        guard !title.isEmpty else { return nil }
        return shortened(title)
    }

    /// The first bytes of a text from its first word on, whole characters of Unicode only.
    private static func beginning(of text: String) -> String {
        let bytes = text.utf8.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }.prefix(readBytes)
        var scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars
        // What was cut in its middle.
        if bytes.count == readBytes { while scalars.last == "\u{FFFD}" { scalars.removeLast() } }
        return String(scalars)
    }

    /// Controls, and marks that change the direction of what stands around them.
    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: scalar.properties.generalCategory == .control
        }
    }

    /// The title within both limits; cut in a character only if that alone is longer than a title.
    private static func shortened(_ title: String) -> String {
        if title.utf8.count <= maxBytes, title.count <= length { return title }
        var kept = ""
        var bytes = 0
        for character in title.prefix(length - 1) {
            bytes += character.utf8.count
            guard bytes <= maxBytes - 3 else { break }
            kept.append(character)
        }
        if kept.isEmpty {
            var scalars = String.UnicodeScalarView()
            bytes = 0
            for scalar in title.unicodeScalars {
                bytes += UTF8.width(scalar)
                guard bytes <= maxBytes - 3 else { break }
                scalars.append(scalar)
            }
            kept = String(scalars)
        }
        return kept + "…"
    }
}
