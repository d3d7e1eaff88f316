/// The files that settings name: those on the disk, or what they held when the settings were good.
///
/// Belongs to one reading and one thread.
final class SettingsFiles {
    /// What was read, by the file's whole name.
    private(set) var contents: [String: String] = [:]
    private let isKept: Bool

    /// The files on the disk.
    init() { isKept = false }

    /// The files as they were; the disk is not touched.
    init(kept contents: [String: String]) {
        self.contents = contents
        isKept = true
    }

    /// The bytes of a regular file of at most `limit` bytes.
    func read(_ path: String, limit: Int) throws(SettingsFile.Failure) -> [UInt8] {
        if isKept {
            guard let text = contents[path] else { throw SettingsFile.Failure(reason: "a file that was not kept") }
            return Array(text.utf8)
        }
        let bytes = try SettingsFile.read(path, limit: limit).bytes
        // What is no text is refused by everything that reads it.
        contents[path] = String(validating: bytes, as: UTF8.self)
        return bytes
    }

    /// Whether `path` is a regular file that this process may read; files that were kept were, when it counted.
    func check(_ path: String) throws(SettingsFile.Failure) {
        if !isKept { try SettingsFile.check(path) }
    }
}
