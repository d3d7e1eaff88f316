/// The title of a conversation.
package enum Title {
    /// The most characters of a title.
    package static let length = 80

    /// A title made of the prompt's first line, cut at a word.
    package static func cut(from prompt: String) -> String {
        if isTitle(prompt) { return prompt }
        let line = prompt.split(whereSeparator: \.isNewline).first { !$0.allSatisfy(\.isWhitespace) } ?? ""
        let words = clean(String(line)) ?? "New conversation"
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

    /// What a model gave as a title, on one line and without the quotes that models like; nil if nothing is left.
    package static func clean(_ text: String) -> String? {
        let line = text.split(whereSeparator: \.isNewline).first { !$0.allSatisfy(\.isWhitespace) } ?? ""
        let visible = line.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
        var title = String(String.UnicodeScalarView(visible)).split(separator: " ").joined(separator: " ")
        if title.lowercased().hasPrefix("title: ") { title = String(title.dropFirst(7)) }
        let quotes: Set<Character> = ["\"", "'", "“", "”", "«", "»", "*", "#", " "]
        while let last = title.last, quotes.contains(last) { title.removeLast() }
        while let first = title.first, quotes.contains(first) { title.removeFirst() }
        guard !title.isEmpty else { return nil }
        return title.count > length ? title.prefix(length - 1) + "…" : title
    }
}
