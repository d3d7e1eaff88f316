import Glibc

/// Replaces whole files so that a reader sees the old content or the new, never a part.
enum AtomicFile {
    /// Writes `bytes` beside `path`, syncs, renames over `path` and syncs the directory.
    ///
    /// Without the last step the rename itself may be lost in a power cut. After an error before the rename
    /// nothing has changed; `outcomeUnknown` says that the new content may or may not be there.
    ///
    /// - Parameter durable: False for state whose loss in a power cut is harmless; then nothing is synced.
    static func write(_ bytes: [UInt8], to path: String, durable: Bool) throws(StoreError) {
        try write(to: path, durable: durable) { file throws(StoreError) in try file.write(bytes) }
    }

    /// The same with what `fill` writes, in as many parts as it likes.
    static func write(
        to path: String, durable: Bool, _ fill: (borrowing File) throws(StoreError) -> Void
    ) throws(StoreError) {
        let temporary = "\(path).\(getpid())-\(UInt32.random(in: .min ... .max)).tmp"
        do throws(StoreError) {
            let file = try File(temporary, O_WRONLY | O_CREAT | O_EXCL)
            try fill(file)
            if durable { try file.sync() }
            guard rename(temporary, path) == 0 else { throw .last("rename", path) }
        } catch {
            unlink(temporary)
            throw error
        }
        if durable { try Directory.sync(Directory.parent(of: path)) }
    }
}
