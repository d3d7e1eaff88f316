import CFCGI
import Glibc

/// A Unix socket on which workers accept, with its place in the file system.
///
/// Its number is above those that a worker inherits.
final class ListeningSocket {
    /// Close-on-exec; the caller passes it on by number.
    let descriptor: Int32
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Makes a socket at `path` that only its owner and `group` may connect to.
    ///
    /// A socket that is there already is replaced if nobody accepts on it.
    ///
    /// - Throws: `ListeningSocketError`.
    init(path: String, group: gid_t?) throws {
        var address = try Self.address(path)
        try Self.removeStale(path, &address)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw ListeningSocketError.system(path, SystemCallError("socket")) }
        do {
            // Nobody else may connect before the group is set.
            let before = umask(0o077)
            let bound = Self.withAddress(&address) { bind(descriptor, $0, $1) }
            let error = SystemCallError("bind")
            umask(before)
            guard bound == 0 else { throw ListeningSocketError.system(path, error) }
            if let group, chown(path, uid_t.max, group) != 0 {
                throw ListeningSocketError.system(path, SystemCallError("chown"))
            }
            guard chmod(path, 0o660) == 0 else { throw ListeningSocketError.system(path, SystemCallError("chmod")) }
            // The kernel cuts this to net.core.somaxconn; when the queue is full nginx answers 502.
            guard listen(descriptor, 32768) == 0 else {
                throw ListeningSocketError.system(path, SystemCallError("listen"))
            }
            var status = stat()
            guard lstat(path, &status) == 0 else { throw ListeningSocketError.system(path, SystemCallError("lstat")) }
            device = status.st_dev
            inode = status.st_ino
        } catch {
            close(descriptor)
            throw error
        }
        // The sockets of a worker are put in place one after another; none of them may be this one.
        self.descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 10)
        close(descriptor)
        self.path = path
        guard self.descriptor >= 0 else { throw ListeningSocketError.system(path, SystemCallError("fcntl")) }
    }

    deinit { close(descriptor) }

    /// Removes the socket from the file system, unless another one has taken its place.
    func remove() {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_dev == device, status.st_ino == inode else { return }
        unlink(path)
    }

    /// Removes a socket on which nobody accepts any more.
    ///
    /// Workers whose supervisor was killed let it go within a moment, so that one is waited for.
    private static func removeStale(_ path: String, _ address: inout sockaddr_un) throws {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw ListeningSocketError.notASocket(path) }
        for _ in 0..<20 where try isAccepting(path, &address) { usleep(50_000) }
        guard try !isAccepting(path, &address) else { throw ListeningSocketError.inUse(path) }
        guard unlink(path) == 0 || errno == ENOENT else {
            throw ListeningSocketError.system(path, SystemCallError("unlink"))
        }
    }

    private static func isAccepting(_ path: String, _ address: inout sockaddr_un) throws -> Bool {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let probe = socket(AF_UNIX, kind, 0)
        guard probe >= 0 else { throw ListeningSocketError.system(path, SystemCallError("socket")) }
        defer { close(probe) }
        // Everything else, such as a full queue, means that somebody is there or that we cannot know.
        return withAddress(&address) { connect(probe, $0, $1) } == 0 || errno != ECONNREFUSED
    }

    private static func address(_ path: String) throws -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard !bytes.isEmpty, bytes.count < capacity, !bytes.contains(0) else {
            throw ListeningSocketError.badPath(path, longest: capacity - 1)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return address
    }

    private static func withAddress<Result>(
        _ address: inout sockaddr_un, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
