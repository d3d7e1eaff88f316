/// Turns whole texts into what was added to them.
struct ReplyText: Sendable {
    /// What has been given out so far.
    private(set) var emitted = ""
    /// Messages that were cut by the length limit; what follows is appended to them.
    private var base = ""

    /// What leads from the text before to `text`; nil where nothing changed.
    ///
    /// Compared as bytes: a combining accent that arrives later changes the last character, but not the bytes.
    mutating func move(to text: String, isFinished: Bool) -> UpstreamEvent? {
        var whole = base + text
        // Half a character of many bytes shows as a replacement character until its rest is here.
        if !isFinished {
            while whole.unicodeScalars.last == "\u{FFFD}" { whole.unicodeScalars.removeLast() }
        }
        guard !whole.utf8.elementsEqual(emitted.utf8) else { return nil }
        defer { emitted = whole }
        guard whole.utf8.starts(with: emitted.utf8) else { return .replaced(EscapedText(whole)) }
        return .text(EscapedText(String(decoding: whole.utf8.dropFirst(emitted.utf8.count), as: UTF8.self)))
    }

    /// Keeps what is here: the next texts go on behind it.
    mutating func keep() { base = emitted }
}
