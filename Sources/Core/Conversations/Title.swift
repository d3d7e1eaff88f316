/// The title of a conversation.
package enum Title {
    /// The most characters of a title.
    package static let length = 80

    /// A title made of the prompt's first line, cut at a word.
    package static func cut(from prompt: String) -> String {
        let line = prompt.split(whereSeparator: \.isNewline).first { !$0.allSatisfy(\.isWhitespace) } ?? ""
        let words = clean(String(line)) ?? "New conversation"
        guard words.count > 60 else { return words }
        let head = words.prefix(59)
        let end = head.lastIndex(of: " ").map { head.distance(from: head.startIndex, to: $0) > 20 ? $0 : head.endIndex }
        return head[..<(end ?? head.endIndex)] + "…"
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
