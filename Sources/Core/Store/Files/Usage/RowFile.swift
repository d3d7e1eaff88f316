import Glibc

/// A file of the ledger: the rows of one writer that began on one day, a ``ChecksummedLine`` each.
struct RowFile: Hashable {
    let day: Day
    /// The number of the writer, as of the archive's logs.
    let writer: Int
    /// The directory of all such files.
    let root: String

    var path: String { "\(root)/\(day.text)/\(writer).jsonl" }
    /// Names it in the totals.
    var name: String { "\(day.text)/\(writer)" }

    /// The days of which there are rows, the first first.
    static func days(in root: String) throws(StoreError) -> [Day] {
        try Directory.names(in: root).compactMap { Day($0) }.sorted()
    }

    static func files(of day: Day, in root: String) throws(StoreError) -> [RowFile] {
        try Directory.names(in: "\(root)/\(day.text)").compactMap { name -> RowFile? in
            guard name.hasSuffix(".jsonl"), let writer = Int(name.dropLast(6)), writer >= 0 else { return nil }
            return RowFile(day: day, writer: writer, root: root)
        }
        .sorted { $0.writer < $1.writer }
    }

    /// The file of a ``name``.
    init?(name: String, root: String) {
        let parts = name.split(separator: "/")
        guard parts.count == 2, let day = Day(String(parts[0])), let writer = Int(parts[1]) else { return nil }
        self.init(day: day, writer: writer, root: root)
    }

    init(day: Day, writer: Int, root: String) {
        self.day = day
        self.writer = writer
        self.root = root
    }

    /// In bytes; zero where there is none.
    var size: Int {
        var status = stat()
        return lstat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Gives the whole lines in `range`, which begins with one, to `body`: without their line feeds, with their places.
    ///
    /// - Returns: Where the last of them ends.
    func scan(
        _ range: Range<Int>, _ body: (ArraySlice<UInt8>, _ offset: Int) throws(StoreError) -> Void
    ) throws(StoreError) -> Int {
        guard !range.isEmpty, let file = try File.reading(path) else { return range.lowerBound }
        return try Archive.scan(file, of: writer, in: range) { line, place throws(StoreError) in
            try body(line, place.offset)
        }
    }

    /// The row in a line; nil for one that is not whole or not of a kind that this version knows.
    static func row(in line: ArraySlice<UInt8>) -> UsageRow? {
        ChecksummedLine.decode(line).flatMap(UsageRow.init(json:))
    }

    /// Whether a line was cut off while it was written: a power cut leaves such, of a call that nobody was told of.
    static func isTorn(_ line: ArraySlice<UInt8>) -> Bool { line.last != UInt8(ascii: "}") || line.first == 0 }
}
