import Glibc

/// What was removed since journals were last recovered, so that their records do not bring it back.
///
/// A line is `{"crc":…,"path":…,"stamp":…}`, synced before the removal. The path is that of a file, or of a directory
/// with everything in it, below the state directory. With `lines` only those lines of an archive's logs were removed.
struct RemovalLog {
    let path: String
    /// Taken while the lock of what is removed is held; nothing is locked under it.
    let lock: FileLock

    /// Threads wait for it in a line of its own, because they have another lock already.
    private static let queue = StripedMutex()

    init(path: String, locks: String) {
        self.path = path
        lock = FileLock(directory: locks, area: "removals", digest: "00", queue: Self.queue)
    }

    func note(_ removed: String, lines: [LinePlace] = []) throws(StoreError) {
        var note = JSONObject()
        note["path"] = JSON(removed)
        note["stamp"] = JSON(JournalRecord.now)
        if !lines.isEmpty { note["lines"] = .array(lines.map(\.json)) }
        let line = JSON.object(note)
        try lock.withLock { () throws(StoreError) in
            if Directory.exists(path) { return try AppendLog.append([line], to: path, durable: true) }
            try AppendLog.create([line], at: path, durable: true, syncsName: true)
        }
    }

    func read() throws(StoreError) -> Removals {
        var removals = Removals()
        for line in try AppendLog.read(path)?.objects ?? [] {
            guard let path = line["path"]?.string, let stamp = line["stamp"]?.int else { continue }
            if let places = line["lines"]?.array {
                for place in places.compactMap({ LinePlace($0) }) {
                    removals.lines["\(path)/\(place.log).log", default: []].append(place)
                }
            } else {
                removals.stamps[path] = max(stamp, removals.stamps[path] ?? 0)
            }
        }
        return removals
    }
}

/// What a ``RemovalLog`` says.
struct Removals {
    /// The last removal of each path.
    var stamps: [String: Int] = [:]
    /// What was removed of logs, whose places are never used again.
    var lines: [String: [LinePlace]] = [:]

    /// Whether `record` was removed after it was written.
    func contains(_ record: JournalRecord) -> Bool {
        [record.path, Directory.parent(of: record.path)].contains { stamps[$0].map { record.stamp < $0 } ?? false }
    }

    /// The bytes of `record` without the lines that were removed.
    func rest(of record: JournalRecord) -> [UInt8] {
        var bytes = record.bytes
        for place in lines[record.path] ?? [] {
            let start = place.offset - record.offset
            if start >= 0, start + place.size <= bytes.count {
                bytes.replaceSubrange(start..<(start + place.size), with: place.blank)
            }
        }
        return bytes
    }
}
