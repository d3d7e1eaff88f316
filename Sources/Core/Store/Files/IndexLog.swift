import Glibc

/// A list of records by last change, newest first, whose pages cost the same however long it is.
///
/// An append-only file: the last line of an id is its present entry, `{"id":…,"gone":true}` says that it was
/// removed. Pages are read from the end. When more has been appended than a compaction left, the file is
/// rewritten with the present entries only, so that an append's share of that work stays constant.
///
/// It is derived from the records. Where it is not synced, a power cut may lose its last lines: the first line
/// names the system's boot, and after another boot the owner rebuilds it from the records.
struct IndexLog {
    let path: String
    /// Whether each line is synced; then the file needs no rebuilding after a boot.
    let isDurable: Bool

    private static let compactionFloor = 64 << 10

    /// What the first line says.
    private struct Head {
        var boot: String?
        /// The size of the entries when they were last rewritten, in bytes.
        var base: Int

        init?(_ file: borrowing File) throws(StoreError) {
            let start = try file.read(at: 0, count: 256)
            guard let feed = start.firstIndex(of: 0x0A), let line = ChecksummedLine.decode(start[..<feed]) else {
                return nil
            }
            boot = line["boot"]?.string
            base = line["base"]?.int ?? 0
        }
    }

    /// Appends the entry of `id`; the lock of the list must be held.
    func put(_ id: String, _ entry: JSON) throws(StoreError) { try put([(id, entry)]) }

    /// The same for several entries, oldest first, with one write.
    func put(_ entries: [(id: String, entry: JSON)]) throws(StoreError) {
        guard !entries.isEmpty else { return }
        try append(entries.map { ["id": JSON($0.id), "entry": $0.entry] })
    }

    /// Notes that `id` is no more; the lock of the list must be held.
    func remove(_ id: String) throws(StoreError) {
        guard Directory.exists(path) else { return }
        try append([["id": JSON(id), "gone": true]])
    }

    /// Whether the file is there and, where that matters, of this boot.
    func isCurrent(boot: String) throws(StoreError) -> Bool {
        guard let file = try File.reading(path) else { return false }
        if isDurable { return true }
        return try Head(file)?.boot == boot
    }

    /// Replaces the file by `entries`, oldest first; the lock of the list must be held.
    func rebuild(_ entries: [(id: String, entry: JSON)], boot: String) throws(StoreError) {
        let lines = entries.reduce(into: [UInt8]()) { bytes, item in
            bytes += ChecksummedLine.encode(["id": JSON(item.id), "entry": item.entry])
        }
        try AtomicFile.write(Self.head(boot, lines.count) + lines, to: path, durable: isDurable)
    }

    /// The first line; `size` is that of the others, in bytes, and tells later appends when to compact.
    static func head(_ boot: String, _ size: Int) -> [UInt8] {
        ChecksummedLine.encode(["boot": JSON(boot), "base": JSON(size)])
    }

    /// Up to `limit` present entries older than the entry of `before`, newest first.
    ///
    /// - Parameter accept: Whether the record is really there and wanted; others are passed over.
    func page(
        before: String?, limit: Int, accept: (String, JSON) throws(StoreError) -> Bool
    ) throws(StoreError) -> [(id: String, entry: JSON)] {
        var seen: Set<String> = []
        var page: [(id: String, entry: JSON)] = []
        var isReached = before == nil
        try AppendLog.readBackwards(path) { line throws(StoreError) in
            guard let id = line["id"]?.string, seen.insert(id).inserted else { return true }
            if !isReached {
                isReached = id == before
                return true
            }
            guard let entry = line["entry"], try accept(id, entry) else { return true }
            page.append((id, entry))
            return page.count < limit
        }
        return page
    }

    /// The present entry of `id`.
    func entry(of id: String) throws(StoreError) -> JSON? {
        var found: JSON?
        try AppendLog.readBackwards(path) { line throws(StoreError) in
            guard line["id"]?.string == id else { return true }
            found = line["entry"]
            return false
        }
        return found
    }

    private func append(_ lines: [JSON]) throws(StoreError) {
        if let file = try File.opening(path, O_RDWR | O_APPEND) {
            let head = try Head(file)
            if isDurable || head?.boot == SystemBoot.id {
                let size = try AppendLog.append(lines, to: file, durable: isDurable)
                guard let head, size > Self.compactionFloor + head.base * 2 else { return }
                return try compact(boot: head.boot ?? SystemBoot.id)
            }
        }
        try rebuild([], boot: SystemBoot.id)
        try AppendLog.append(lines, to: path, durable: isDurable)
    }
}
