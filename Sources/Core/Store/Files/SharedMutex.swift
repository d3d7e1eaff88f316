import Glibc

/// A mutex in memory that processes share, which goes over to the next when its holder is killed.
struct SharedMutex {
    /// How long it is waited for, in seconds; its holders need a millionth of that, unless they were stopped.
    private static let timeout = 2

    let mutex: UnsafeMutablePointer<pthread_mutex_t>

    /// Makes it; nobody else may have the memory.
    func make() {
        var attributes = pthread_mutexattr_t()
        pthread_mutexattr_init(&attributes)
        pthread_mutexattr_setpshared(&attributes, Int32(PTHREAD_PROCESS_SHARED))
        pthread_mutexattr_setrobust(&attributes, Int32(PTHREAD_MUTEX_ROBUST))
        pthread_mutex_init(mutex, &attributes)
        pthread_mutexattr_destroy(&attributes)
    }

    /// - Parameter path: The file that it stands in.
    /// - Throws: ``StoreError/Kind/busy`` where somebody was stopped in there.
    func lock(_ path: String) throws(StoreError) {
        var code = pthread_mutex_trylock(mutex)
        if code == EBUSY {
            var end = timespec()
            clock_gettime(CLOCK_REALTIME, &end)
            end.tv_sec += Self.timeout
            code = RequestExecutor.blocking { pthread_mutex_timedlock(mutex, &end) }
        }
        // Its holder was killed; whoever keeps something behind it sees to what that one left.
        if code == EOWNERDEAD { code = pthread_mutex_consistent(mutex) }
        guard code == 0 else { throw StoreError(.busy, "lock", path: path, code: code) }
    }

    func unlock() { pthread_mutex_unlock(mutex) }
}
