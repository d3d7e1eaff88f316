import Glibc
import Synchronization

/// Decoded records of files that are only ever replaced as a whole.
///
/// An entry counts while its path names the very file that it was read from, so what another process wrote or
/// removed is seen by the next read.
final class RecordCache<Record: Sendable>: Sendable {
    private static var most: Int { OpenFileCache.most }
    private let entries = Mutex<[String: (file: OpenFile, record: Record)]>([:])

    /// The record at `path`; nil if there is no such file or `decode` finds none in it, which is not remembered.
    func record(
        at path: String, decode: (borrowing File) throws(StoreError) -> Record?
    ) throws(StoreError) -> Record? {
        if let entry = entries.withLock({ $0[path] }), entry.file.isInPlace { return entry.record }
        let file: OpenFile
        do throws(StoreError) { file = try OpenFile(path, O_RDONLY) } catch {
            if error.code == ENOENT || error.code == ENOTDIR { return nil }
            throw error
        }
        guard let record = try decode(file.file) else { return nil }
        entries.withLock { entries in
            if entries.count >= Self.most { entries.remove(at: entries.startIndex) }
            entries[path] = (file, record)
        }
        return record
    }
}
