import Glibc

/// The conversations of one user: a log for each writer, in which each line is a turn.
///
/// A log is only ever appended to by its one writer, and lines that were removed are overwritten with spaces, so a
/// place in it stays what it is. Nothing orders the writers of several logs but the times in their lines.
struct Archive {
    let directory: String
    /// Guards the index and the list, and orders removals.
    let lock: FileLock

    /// How many bytes of lines may stand beyond the index.
    static let mostUnindexed = 64 << 10
    private static let block = 256 << 10

    struct Log {
        let number: Int
        let kept: OpenFile
        let size: Int
    }

    var indexPath: String { "\(directory)/index" }

    /// The conversations by their last line, newest last; derived like the index, and with no words of users in it.
    var list: IndexLog { IndexLog(path: "\(directory)/list.jsonl", isDurable: false) }

    func path(ofLog number: Int) -> String { "\(directory)/\(number).log" }

    /// A log of whichever writer, open; nil where there is none.
    func open(log number: Int) throws(StoreError) -> OpenFile? {
        do throws(StoreError) { return try OpenFileCache.shared.file(path(ofLog: number), O_RDWR | O_APPEND) } catch {
            if error.code == ENOENT || error.code == ENOTDIR { return nil }
            throw error
        }
    }

    func logs() throws(StoreError) -> [Log] {
        var logs: [Log] = []
        for name in try Directory.names(in: directory) where name.hasSuffix(".log") {
            guard let number = Int(name.dropLast(4)), (0..<ArchiveIndex.mostLogs).contains(number),
                let kept = try open(log: number)
            else { continue }
            logs.append(Log(number: number, kept: kept, size: try kept.file.size))
        }
        return logs.sorted { $0.number < $1.number }
    }

    /// The line at `place` without its line feed, at most the first `count` bytes of it; empty where no log is.
    func bytes(at place: LinePlace, count: Int = .max) throws(StoreError) -> [UInt8] {
        guard let kept = try open(log: place.log) else { return [] }
        return try kept.file.read(at: place.offset, count: min(count, place.size - 1))
    }

    /// Whether the line at `place` was removed.
    func isRemoved(_ place: LinePlace) throws(StoreError) -> Bool {
        LinePlace.isBlank(try bytes(at: place, count: 16))
    }

    /// What the line at `place` says; nil for one that was removed or is not whole.
    func line(at place: LinePlace) throws(StoreError) -> ArchiveLine? {
        // Mostly what stands before the turn is here; the checksum is for those who read the turn.
        let beginning = try bytes(at: place, count: 1024)
        if let line = ArchiveLine(beginning: beginning[...], at: place) { return line }
        guard beginning.count < place.size - 1, !LinePlace.isBlank(beginning.prefix(16)) else { return nil }
        return ArchiveLine(whole: try bytes(at: place)[...], at: place)
    }

    /// Gives the whole lines of `file` in `range` to `body`, without their line feeds.
    ///
    /// - Returns: Where the last of them ends.
    @discardableResult
    static func scan(
        _ file: borrowing File, of log: Int, in range: Range<Int>,
        _ body: (ArraySlice<UInt8>, LinePlace) throws(StoreError) -> Void
    ) throws(StoreError) -> Int {
        var lineStart = range.lowerBound
        var position = range.lowerBound
        var held: [UInt8] = []
        while position < range.upperBound {
            let block = try file.read(at: position, count: min(range.upperBound - position, Self.block))
            guard !block.isEmpty else { break }
            position += block.count
            var start = 0
            while let feed = Self.feed(in: block, from: start) {
                let place = LinePlace(log: log, offset: lineStart, size: held.count + feed - start + 1)
                if held.isEmpty {
                    try body(block[start..<feed], place)
                } else {
                    held += block[start..<feed]
                    try body(held[...], place)
                    held = []
                }
                start = feed + 1
                lineStart = place.offset + place.size
            }
            held += block[start...]
        }
        return lineStart
    }

    private static func feed(in block: [UInt8], from start: Int) -> Int? {
        block.withUnsafeBytes { bytes in
            guard start < bytes.count, let base = bytes.baseAddress,
                let found = memchr(base + start, 0x0A, bytes.count - start)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }
}
