import Glibc

/// A counting semaphore (`sem_overview(7)`) at a fixed address.
///
/// Unchecked: the pointer never changes and `sem_post` and `sem_wait` may be called from any thread.
package final class Semaphore: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    package init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    package func signal() { sem_post(semaphore) }

    package func wait() { while sem_wait(semaphore) != 0 {} }

    /// Waits until `duration` is over at the longest; false if nobody signalled.
    ///
    /// By the clock of the day, so that a clock that is set makes it shorter or longer.
    package func wait(atMost duration: Duration) -> Bool {
        var end = timespec()
        clock_gettime(CLOCK_REALTIME, &end)
        let nanoseconds = Int64(end.tv_nsec) + duration.microseconds * 1000
        end.tv_sec += time_t(nanoseconds / 1_000_000_000)
        end.tv_nsec = Int(nanoseconds % 1_000_000_000)
        while sem_timedwait(semaphore, &end) != 0 { if errno == ETIMEDOUT { return false } }
        return true
    }
}
