import Glibc

/// The locks that order writers of one area of the state, over all workers and the command line.
///
/// A lock is never the data file itself, because a rename replaces that file and with it the lock. Lock
/// files are created once and stay. At most one is held at a time (and under it that of removals, and over it that of a
/// client or of the admins), only around file operations, never over a suspension.
struct FileLock {
    let path: String
    private let queue: StripedMutex

    /// The lock of the stripe that `digest` (hexadecimal) falls in.
    init(directory: String, area: String, digest: String, queue: StripedMutex = .shared) {
        self.queue = queue
        path = "\(directory)/\(area)-\(digest.prefix(2)).lock"
    }

    /// Runs `body` while no other holder of the same lock does, in any process.
    ///
    /// A wait holds its thread. How many threads wait at the same time is limited, for one lock
    /// (``StripedMutex/mostWaiting``) and for all together (``RequestExecutor/waiting(_:)``), so that requests that
    /// need nothing of it go on.
    ///
    /// - Throws: ``StoreError/Kind/busy`` when the lock was not free within `deadline`, or too many wait already.
    func withLock<Result>(
        deadline: Duration = .seconds(5), _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        let end = ContinuousClock.now + deadline
        guard queue.enter(path, atMost: deadline) else {
            throw StoreError(.busy, "wait for", path: path)
        }
        defer { queue.leave(path) }
        // A flock belongs to the open file, which all threads share: in line as they are, one of them uses it at a time.
        // No child inherits it, else it would outlive its owner.
        let kept = try OpenFileCache.shared.file(path, O_RDWR | O_CREAT)
        if flock(kept.file.descriptor, LOCK_EX | LOCK_NB) != 0 { try wait(for: kept.file, after: errno, until: end) }
        defer { flock(kept.file.descriptor, LOCK_UN) }
        return try body()
    }

    /// Asks again and again for a lock that another process has.
    ///
    /// - Parameter code: Why it was not got at once.
    private func wait(
        for file: borrowing File, after code: Int32, until end: ContinuousClock.Instant
    ) throws(StoreError) {
        guard code == EWOULDBLOCK || code == EINTR else {
            throw StoreError(.unavailable, "flock", path: path, code: code)
        }
        let descriptor = file.descriptor
        // One block, however often it asks: see RequestExecutor on what it does about long ones.
        let outcome = RequestExecutor.waiting { () -> Int32 in
            var pause: UInt32 = 20
            while true {
                guard ContinuousClock.now < end else { return EWOULDBLOCK }
                usleep(UInt32.random(in: pause / 2...pause))
                if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return 0 }
                guard errno == EWOULDBLOCK || errno == EINTR else { return errno }
                pause = min(pause * 2, 1000)
            }
        }
        switch outcome {
        case 0: return
        case nil, EWOULDBLOCK: throw StoreError(.busy, "flock", path: path)
        case let code?: throw StoreError(.unavailable, "flock", path: path, code: code)
        }
    }
}
