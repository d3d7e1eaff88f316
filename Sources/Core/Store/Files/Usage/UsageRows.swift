import Glibc

/// Reads the rows of some days, the last days first and in each file the last rows first, a block at a time.
///
/// Used by one task at a time. Reading blocks.
///
/// Unchecked: whoever asks for the next rows has those before.
package final class UsageRows: @unchecked Sendable {
    private static let block = 64 << 10

    private let root: String
    private let isWanted: @Sendable (UsageRow) -> Bool
    private var days: [Day]
    private var files: [RowFile] = []
    private var file: RowFile?
    /// Where what was read of ``file`` begins, and the beginning of a line that stood there.
    private var position = 0
    private var rest: [UInt8] = []

    init(_ days: [Day], in root: String, where isWanted: @escaping @Sendable (UsageRow) -> Bool) {
        self.days = days.sorted()
        self.root = root
        self.isWanted = isWanted
    }

    /// More rows, perhaps none; nil at the end.
    ///
    /// Takes some milliseconds of a core.
    package func next() throws(StoreError) -> [UsageRow]? {
        guard let file = try currentFile() else { return nil }
        let start = max(0, position - Self.block)
        var bytes = try File.reading(file.path)?.read(at: start, count: position - start) ?? []
        position = start
        bytes += rest
        rest = []
        if start > 0 {
            guard let feed = bytes.firstIndex(of: 0x0A) else {
                rest = bytes
                return []
            }
            rest = Array(bytes[...feed])
            bytes.removeSubrange(...feed)
        } else {
            self.file = nil
        }
        // What stands behind the last line feed is being written.
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
        return lines.reversed().compactMap { line in
            guard let row = RowFile.row(in: line), isWanted(row) else { return nil }
            return row
        }
    }

    private func currentFile() throws(StoreError) -> RowFile? {
        while file == nil {
            while files.isEmpty {
                guard let day = days.popLast() else { return nil }
                files = try RowFile.files(of: day, in: root)
            }
            guard let next = files.popLast(), next.size > 0 else { continue }
            file = next
            position = next.size
            rest = []
        }
        return file
    }
}
