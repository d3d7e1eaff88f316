import Glibc

/// What was removed since journals were last recovered, so that their records do not bring it back.
///
/// A line is `{"crc":…,"path":…,"stamp":…}`, synced before the removal. The path is that of a file, or of a directory
/// with everything in it, below the state directory.
struct RemovalLog {
    let path: String

    func note(_ removed: String) throws(StoreError) {
        // The LF in front ends what a write that was cut off may have left.
        let line = [0x0A] + ChecksummedLine.encode(["path": JSON(removed), "stamp": JSON(JournalRecord.now)])
        let isNew = !Directory.exists(path)
        let file = try File(path, O_WRONLY | O_APPEND | O_CREAT)
        try file.write(line)
        try file.syncData()
        if isNew { try Directory.sync(Directory.parent(of: path)) }
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
