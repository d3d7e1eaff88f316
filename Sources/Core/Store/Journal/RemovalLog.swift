import Glibc

/// What was removed since journals were last recovered, so that their records do not bring it back.
///
/// A line is `{"crc":…,"path":…,"stamp":…}`, synced before the removal. The path is that of a file, or of a directory
/// with everything in it, below the state directory.
struct RemovalLog {
    let path: String

    func note(_ removed: String) throws(StoreError) {
        let isNew = !Directory.exists(path)
        let file = try File(path, O_RDWR | O_APPEND | O_CREAT)
        var isTorn = try Self.isTorn(file)
        // A part of a line is what a write that was cut off has left, or one that goes on just now.
        if isTorn {
            usleep(2000)
            isTorn = try Self.isTorn(file)
        }
        let line = ChecksummedLine.encode(["path": JSON(removed), "stamp": JSON(JournalRecord.now)])
        try file.write(isTorn ? [0x0A] + line : line)
        try file.syncData()
        if isNew { try Directory.sync(Directory.parent(of: path)) }
    }

    private static func isTorn(_ file: borrowing File) throws(StoreError) -> Bool {
        let size = try file.size
        guard size > 0 else { return false }
        return try file.read(at: size - 1, count: 1).first != 0x0A
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
