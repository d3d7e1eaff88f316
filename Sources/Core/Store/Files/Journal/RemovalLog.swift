import Glibc

/// What was removed since journals were last recovered, so that their records do not bring it back.
///
/// A line is `{"crc":…,"path":…,"stamp":…}`, synced before the removal. The path is that of a file, or of a directory
/// with everything in it, below the state directory.
struct RemovalLog {
    let path: String
    /// Taken while the lock of what is removed is held; nothing is locked under it.
    let lock: FileLock

    /// Threads wait for it in a line of its own, because they have another lock already.
    private static let queue = QueueInProcess()

    init(path: String, locks: String) {
        self.path = path
        lock = FileLock(directory: locks, area: "removals", digest: "00", queue: Self.queue)
    }

    func note(_ removed: String) throws(StoreError) {
        try lock.withLock { () throws(StoreError) in
            let line: JSON = ["path": JSON(removed), "stamp": JSON(JournalRecord.now)]
            if Directory.exists(path) { return try AppendLog.append([line], to: path, durable: true) }
            try AppendLog.create([line], at: path, durable: true, syncsName: true)
        }
    }

    /// The last removal of each path.
    func read() throws(StoreError) -> [String: Int] {
        guard let (lines, _) = try AppendLog.read(path) else { return [:] }
        var stamps: [String: Int] = [:]
        for line in lines {
            guard let path = line["path"]?.string, let stamp = line["stamp"]?.int else { continue }
            stamps[path] = max(stamp, stamps[path] ?? 0)
        }
        return stamps
    }

    /// Whether `record` was removed after it was written.
    static func removes(_ record: JournalRecord, _ stamps: [String: Int]) -> Bool {
        [record.path, Directory.parent(of: record.path)].contains { stamps[$0].map { record.stamp < $0 } ?? false }
    }
}
