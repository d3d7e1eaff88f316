import Glibc

/// The locks that order writers of one area of the state, over all workers and the command line.
///
/// A lock is never the data file itself, because a rename replaces that file and with it the lock. Lock
/// files are created once and stay. At most one is held at a time (and under it that of removals, and over it that of a
/// client or of the admins), only around file operations, never over a suspension.
struct FileLock {
    let path: String
    private let queue: QueueInProcess

    /// The lock of the stripe that `digest` (hexadecimal) falls in.
    init(directory: String, area: String, digest: String, queue: QueueInProcess = .shared) {
        self.queue = queue
        path = "\(directory)/\(area)-\(digest.prefix(2)).lock"
    }

    /// Runs `body` while no other holder of the same lock does, in any process.
    ///
    /// - Throws: ``StoreError/Kind/busy`` when the lock was not free within `deadline`.
    func withLock<Result>(
        deadline: Duration = .seconds(5), _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        let clock = ContinuousClock()
        let end = clock.now + deadline
        guard queue.enter(path, atMost: deadline) else {
            throw StoreError(.busy, "wait for", path: path)
        }
        defer { queue.leave(path) }
        // A flock belongs to the open file, which all threads share: in line as they are, one of them uses it at a time.
        // No child inherits it, else it would outlive its owner.
        let kept = try KeptFiles.shared.file(path, O_RDWR | O_CREAT)
        var pause: UInt32 = 20
        while flock(kept.file.descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw .last("flock", path) }
            guard clock.now < end else { throw StoreError(.busy, "flock", path: path) }
            RequestExecutor.blocking { _ = usleep(UInt32.random(in: pause / 2...pause)) }
            pause = min(pause * 2, 1000)
        }
        defer { flock(kept.file.descriptor, LOCK_UN) }
        return try body()
    }
}
