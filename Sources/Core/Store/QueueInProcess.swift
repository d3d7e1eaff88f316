import Glibc

/// Lets the threads of one process wait in line for a file lock, so that only one of them asks the kernel for it.
///
/// A flock is polled, which is slow and unfair among many threads; a mutex hands over at once. Locks are found by
/// the name of their file; two files may share a mutex, which costs a little waiting and nothing else, because a
/// thread holds one lock of a queue at a time.
///
/// Unchecked: the mutexes are made once, at fixed addresses, and POSIX lets any thread use them.
final class QueueInProcess: @unchecked Sendable {
    static let shared = QueueInProcess()
    /// For locks under which another is taken.
    static let outer = QueueInProcess()

    private static let count = 1024
    private let mutexes: UnsafeMutablePointer<pthread_mutex_t>

    init() {
        mutexes = .allocate(capacity: Self.count)
        for index in 0..<Self.count { pthread_mutex_init(mutexes + index, nil) }
    }

    /// Waits for the mutex of `path`.
    ///
    /// - Returns: False when it was not free within `limit`.
    func enter(_ path: String, atMost limit: Duration) -> Bool {
        let mutex = mutex(of: path)
        if pthread_mutex_trylock(mutex) == 0 { return true }
        var end = timespec()
        clock_gettime(CLOCK_REALTIME, &end)
        let nanoseconds = Int64(end.tv_nsec) + limit.microseconds * 1000
        end.tv_sec += time_t(nanoseconds / 1_000_000_000)
        end.tv_nsec = Int(nanoseconds % 1_000_000_000)
        return RequestExecutor.blocking { pthread_mutex_timedlock(mutex, &end) } == 0
    }

    func leave(_ path: String) { pthread_mutex_unlock(mutex(of: path)) }

    private func mutex(of path: String) -> UnsafeMutablePointer<pthread_mutex_t> {
        mutexes + Int(CRC32.checksum(path.utf8)) % Self.count
    }
}
