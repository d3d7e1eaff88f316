import Glibc

/// A small JSON file that is overwritten where it stands, for state whose loss is harmless.
///
/// A file that is renamed over another frees an inode each time, and ext4 searches past inodes that were freed within
/// the last minutes: at a thousand replacements a second that search took longer than all else. The checksum tells a
/// content that is only half there. Readers, too, must hold the lock that guards the file.
struct InPlaceRecord {
    private let kept: KeptFile

    /// Opens `path`, which is created empty if it is missing.
    init(_ path: String) throws(StoreError) { kept = try KeptFiles.shared.file(path, O_RDWR | O_CREAT) }

    /// Of the whole file, in bytes.
    var size: Int { get throws(StoreError) { try kept.file.size } }

    /// The content; nil if nothing was written yet.
    ///
    /// - Throws: ``StoreError/Kind/corrupt`` for a content that is not whole.
    func read() throws(StoreError) -> JSON? {
        let bytes = try kept.file.readAll()
        guard !bytes.isEmpty else { return nil }
        guard let feed = bytes.firstIndex(of: 0x0A), let object = ChecksummedLine.decode(bytes[..<feed]) else {
            throw StoreError(.corrupt, "parse", path: kept.file.path)
        }
        return object
    }

    /// More than this that a longer content left is cut off, not covered.
    private static let mostSpaces = 4096

    /// Replaces the content by `object`; spaces cover what is left of a longer one.
    func write(_ object: JSON) throws(StoreError) {
        let line = ChecksummedLine.encode(object)
        if try kept.file.size > line.count + Self.mostSpaces { try kept.file.truncate(to: line.count) }
        let rest = try kept.file.size - line.count
        try kept.file.write(line + [UInt8](repeating: 0x20, count: max(0, rest)), at: 0)
    }
}
