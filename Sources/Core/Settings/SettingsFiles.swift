import Glibc

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

/// A small file that is read as a whole.
struct SettingsFile {
    /// Why it could not be read.
    struct Failure: Error {
        /// A phrase that follows "found ".
        var reason: String
        /// The `errno`, or 0.
        var code: Int32 = 0
    }

    let bytes: [UInt8]
    /// The permission bits.
    let mode: mode_t

    /// Reads the regular file `path` of at most `limit` bytes.
    static func read(_ path: String, limit: Int) throws(Failure) -> SettingsFile {
        // Non-blocking, because opening a FIFO would wait for its other end.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(reason: "something that is not a regular file") }

        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(errno) }
            guard count > 0 else { return SettingsFile(bytes: bytes, mode: status.st_mode & 0o7777) }
            bytes += buffer.prefix(count)
            guard bytes.count <= limit else { throw Failure(reason: "a file of more than \(limit) bytes") }
        }
    }

    /// Whether `path` is a regular file that this process may read, without reading it.
    static func check(_ path: String) throws(Failure) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw failure(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(reason: "something that is not a regular file") }
        guard access(path, R_OK) == 0 else { throw failure(errno) }
    }

    private static func failure(_ code: Int32) -> Failure {
        let reason =
            code == ENOENT || code == ENOTDIR
            ? "a file that does not exist" : "a file that cannot be read: \(String(cString: strerror(code)))"
        return Failure(reason: reason, code: code)
    }
}
