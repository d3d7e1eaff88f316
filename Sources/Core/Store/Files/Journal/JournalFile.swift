import Glibc

/// The file of a journal: two halves, each with records of one generation at its start.
enum JournalFile {
    /// A half is as large as a 4096th of the file system, but at least 64 KiB and at most 4 MiB.
    static func half(on path: String) -> Int {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return 64 << 10 }
        let size = UInt64(status.f_blocks).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return size.overflow ? 4 << 20 : min(4 << 20, max(64 << 10, Int(clamping: size.partialValue / 4096) & ~4095))
    }

    /// Gives the file all its blocks, so that later syncs change no metadata.
    static func fill(_ file: borrowing File, half: Int) throws(StoreError) {
        guard try file.size != half * 2 else { return }
        try file.truncate(to: 0)
        do throws(StoreError) {
            try writeZeros(file, 0..<(half * 2))
            try file.sync()
        } catch {
            try? file.truncate(to: 0)
            throw error
        }
        try Directory.sync(Directory.parent(of: file.path))
    }

    /// The records of both halves, the older half first.
    static func read(_ file: borrowing File) throws(StoreError) -> [JournalRecord] {
        let half = try file.size / 2
        let one = JournalRecord.read(try file.read(at: 0, count: half))
        let other = JournalRecord.read(try file.read(at: half, count: half))
        let (older, newer) = one.generation <= other.generation ? (one, other) : (other, one)
        return older.records + newer.records
    }

    /// Whether there may be records; reads little.
    static func hasRecords(_ file: borrowing File) throws(StoreError) -> Bool {
        let half = try file.size / 2
        for start in [0, half] where try file.read(at: start, count: 1).first == UInt8(ascii: "J") { return true }
        return false
    }

    /// Forgets the records in `count` bytes from `start`, which must be durable where they belong: no word of them stays.
    static func clear(_ file: borrowing File, at start: Int, count: Int) throws(StoreError) {
        guard count > 0 else { return }
        try writeZeros(file, start..<(start + count))
        try file.syncData()
    }

    /// From the first to the last, so that what is left when it is cut off has no beginning.
    private static func writeZeros(_ file: borrowing File, _ range: Range<Int>) throws(StoreError) {
        let zeros = [UInt8](repeating: 0, count: min(range.count, 64 << 10))
        var start = range.lowerBound
        while start < range.upperBound {
            let count = min(zeros.count, range.upperBound - start)
            try file.write(count == zeros.count ? zeros : Array(zeros[..<count]), at: start)
            start += count
        }
    }
}
