import CFCGI
import Core
import Glibc

/// The last good settings, in memory that workers inherit: one that has to be started again gets the same as the
/// others, whatever stands in the file by then.
///
/// Nothing of it is on a disk, because secrets of files and variables are in it.
final class KeptSettings {
    private let path: String
    private var snapshot: SettingsSnapshot
    /// Holds what ``bytes(in:)`` gives; close-on-exec, and above all numbers that a worker inherits.
    private(set) var descriptor: Int32

    /// Reads the settings for the first time.
    ///
    /// - Throws: ``SettingsError`` with all problems.
    init(path: String) throws {
        self.path = path
        snapshot = try SettingsSnapshot(path: path)
        descriptor = try Self.keep(snapshot.bytes)
    }

    deinit { close(descriptor) }

    var settings: Settings { snapshot.settings }
    var warnings: [String] { snapshot.warnings.map(\.description) }

    /// Reads the settings again; if they are not good, the ones before stay.
    ///
    /// - Throws: ``SettingsError`` with all problems.
    func read() throws {
        let snapshot = try SettingsSnapshot(path: path)
        let descriptor = try Self.keep(snapshot.bytes)
        close(self.descriptor)
        (self.snapshot, self.descriptor) = (snapshot, descriptor)
    }

    /// All that was kept in `descriptor`, wherever another process has read to.
    static func bytes(in descriptor: Int32) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = pread(descriptor, &buffer, buffer.count, off_t(bytes.count))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemCallError("pread") }
            guard count > 0 else { return bytes }
            bytes += buffer.prefix(count)
        }
    }

    private static func keep(_ bytes: [UInt8]) throws -> Int32 {
        let memory = cfcgi_memory_file("settings")
        guard memory >= 0 else { throw SystemCallError("memfd_create") }
        defer { close(memory) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { write(memory, $0.baseAddress.map { $0 + written }, $0.count - written) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SystemCallError("write") }
            written += count
        }
        // A worker's descriptors 0 to 4 are put in place one after another; none of them may be this one.
        let descriptor = fcntl(memory, F_DUPFD_CLOEXEC, 10)
        guard descriptor >= 0 else { throw SystemCallError("fcntl") }
        return descriptor
    }
}
