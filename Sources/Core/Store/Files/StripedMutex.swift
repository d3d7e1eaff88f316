import Glibc
import Synchronization

/// Lets the threads of one process wait in line for a file lock, so that only one of them asks the kernel for it.
///
/// A flock is polled, which is slow and unfair among many threads; a mutex hands over at once. Locks are found by
/// the name of their file; two files may share a mutex, which costs a little waiting and nothing else, because a
/// thread holds one lock of a queue at a time.
///
/// Unchecked: the mutexes are made once, at fixed addresses, and POSIX lets any thread use them.
final class StripedMutex: @unchecked Sendable {
    static let shared = StripedMutex()
    /// For locks under which another is taken.
    static let outer = StripedMutex()

    private static let count = 1024
    /// How many threads may wait for one lock: three quarters of those that may wait at all.
    static let mostWaiting = (RequestExecutor.most - RequestExecutor.reserve) / 4 * 3

    private let mutexes: UnsafeMutablePointer<pthread_mutex_t>
    private let waiting = Mutex<[Int: Int]>([:])

    init() {
        mutexes = .allocate(capacity: Self.count)
        for index in 0..<Self.count { pthread_mutex_init(mutexes + index, nil) }
    }

    /// Waits for the mutex of `path`.
    ///
    /// - Returns: False when it was not free within `limit`, or too many wait for it already.
    func enter(_ path: String, atMost limit: Duration) -> Bool {
        let place = place(of: path)
        if pthread_mutex_trylock(mutexes + place) == 0 { return true }
        guard join(place) else { return false }
        defer { part(place) }
        var end = timespec()
        clock_gettime(CLOCK_REALTIME, &end)
        let nanoseconds = Int64(end.tv_nsec) + limit.microseconds * 1000
        end.tv_sec += time_t(nanoseconds / 1_000_000_000)
        end.tv_nsec = Int(nanoseconds % 1_000_000_000)
        return RequestExecutor.waiting { pthread_mutex_timedlock(mutexes + place, &end) } == 0
    }

    func leave(_ path: String) { pthread_mutex_unlock(mutexes + place(of: path)) }

    private func join(_ place: Int) -> Bool {
        waiting.withLock { waiting in
            let before = waiting[place, default: 0]
            guard before < Self.mostWaiting else { return false }
            waiting[place] = before + 1
            return true
        }
    }

    private func part(_ place: Int) {
        waiting.withLock { waiting in
            let rest = waiting[place, default: 1] - 1
            waiting[place] = rest > 0 ? rest : nil
        }
    }

    private func place(of path: String) -> Int { Int(CRC32.checksum(path.utf8)) % Self.count }
}
