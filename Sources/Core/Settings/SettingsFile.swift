import Glibc

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
