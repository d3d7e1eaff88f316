/// What of a text the renderer can do in bearable time and memory.
///
/// cmark-gfm needs quadratic time for some texts (many CVEs of 2022 and 2023; Debian 12 has 0.29.0.gfm.6), and it makes
/// a node for each cell that a table's rows leave out: 64 KiB took over 4 GiB. Anyone with a key chooses the text.
struct MarkdownBounds {
    /// In bytes; a longer text is not rendered.
    static let length = 64 << 10
    /// How many quotes and lists may begin on one line.
    static let depth = 100
    static let columns = 200
    static let cells = 100_000
    /// The most bytes without white space in which links are looked for.
    static let word = 4096
    /// How many bytes may be read again for headers of tables, about a quarter of a second's worth.
    ///
    /// At each line that may be a delimiter row, cmark-gfm reads the paragraph above it once for each of its lines.
    static let headers = 200_000_000

    /// The extensions that may be used; nil where the text must not be rendered at all.
    let extensions: [String]?

    init(_ text: some BidirectionalCollection<UInt8>) {
        guard text.count <= Self.length else {
            extensions = nil
            return
        }
        var (lines, columns, word, longestWord, depth) = (0, 0, 0, 0, 0)
        var paragraph = (lines: 0, length: 0)
        var headers = 0
        for byte in text {
            word = byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D ? 0 : word + 1
            longestWord = max(longestWord, word)
        }
        Self.forEachLine(of: text) { line in
            depth = max(depth, Self.containers(of: line))
            guard !line.allSatisfy(" \t>".utf8.contains) else {
                paragraph = (0, 0)
                return
            }
            lines += 1
            paragraph.lines += 1
            paragraph.length += line.count + 1
            let columnsOfLine = Self.columns(of: line)
            if columnsOfLine > 0 { headers += paragraph.lines * paragraph.length }
            columns = max(columns, columnsOfLine)
        }
        guard depth <= Self.depth else {
            extensions = nil
            return
        }
        var extensions = ["strikethrough", "tagfilter", "tasklist"]
        if columns <= Self.columns, columns * lines <= Self.cells, headers <= Self.headers {
            extensions.append("table")
        }
        if longestWord <= Self.word { extensions.append("autolink") }
        self.extensions = extensions
    }

    /// Gives each line between LF, CRLF and CR to `body`, the blank ones too.
    private static func forEachLine<Text: BidirectionalCollection<UInt8>>(
        of text: Text, _ body: (Text.SubSequence) -> Void
    ) {
        var rest = text[...]
        while let end = rest.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) {
            body(rest[..<end])
            let isReturn = rest[end] == 0x0D
            rest = rest[rest.index(after: end)...]
            if isReturn, rest.first == 0x0A { rest = rest.dropFirst() }
        }
        body(rest)
    }

    /// How many columns a table has whose delimiter row this line may be; 0 for another line.
    private static func columns(of line: some BidirectionalCollection<UInt8>) -> Int {
        // The row may stand in quotes and lists, whose marks come before it.
        guard line.allSatisfy("|-: \t\u{0B}\u{0C}>*+.)0123456789".utf8.contains),
            line.reversed().prefix(while: "|-: \t\u{0B}\u{0C}".utf8.contains).contains(UInt8(ascii: "-"))
        else { return 0 }
        return line.count { $0 == UInt8(ascii: "|") } + 1
    }

    /// How many quotes and lists the line begins.
    private static func containers(of line: some Collection<UInt8>) -> Int {
        // A line of one mark alone is a rule.
        let marks = Set(line).subtracting([0x20, 0x09])
        if marks == [UInt8(ascii: "-")] || marks == [UInt8(ascii: "*")] { return 0 }
        var count = 0
        var isAfterMark = false
        for byte in line {
            switch byte {
            case UInt8(ascii: ">"):
                count += 1
                isAfterMark = false
            case UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: ")"):
                isAfterMark = true
            case 0x20, 0x09:
                if isAfterMark { count += 1 }
                isAfterMark = false
            case UInt8(ascii: "0")...UInt8(ascii: "9"): isAfterMark = false
            default: return count
            }
        }
        return count
    }
}
