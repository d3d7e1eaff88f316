import Glibc
import Synchronization

/// Threads of our own on which requests run, so that a request may block for a moment.
///
/// File locks and fsync block. On the cooperative pool, with its one thread a core, a few of them stop
/// every other task of the process; here they hold one of many threads. The stacks are 8 MiB, because
/// nested JSON is read recursively.
///
/// Only a few threads run at a time, as many as there are cores to make use of: more would only take turns. One that
/// is going to block says so by ``blocking(_:)``, and another runs meanwhile. A block that nobody announced costs
/// no more than ``longestWait``, if requests go on to come.
///
/// A thread that is blocked for longer than ``patienceWithBlocked`` is replaced by a new one, so that a lock that
/// somebody keeps or a disk that is slow holds up only those that want it; a lock that changes hands as it should makes
/// no threads. There are never more than ``most``, and waits for locks never hold the last of them (``waiting(_:)``).
/// Threads that were added end when they had nothing to do for a while.
///
/// Run a task here with `Task(executorPreference: executor)`. It lives as long as the process.
package final class RequestExecutor: TaskExecutor {
    private struct State {
        var jobs = JobQueue()
        /// How many threads are at work or were told to begin.
        var active = 0
        /// How many wait to be told so.
        var idle: Int
        var total: Int
        var nextBlock: UInt64 = 0
        /// Since when each thread that is blocked now is so.
        var blocked: [UInt64: ContinuousClock.Instant] = [:]
        var isWatched = false

        /// Counts one more thread as active; false if none is idle.
        mutating func activate() -> Bool {
            guard idle > 0 else { return false }
            idle -= 1
            active += 1
            return true
        }

        /// Whether jobs wait that could run if there were another thread.
        func isShort(width: Int, most: Int) -> Bool { !jobs.isEmpty && active < width && idle == 0 && total < most }
    }

    /// Of threads on which requests run, in bytes.
    package static let stackSize = 8 << 20
    /// How many threads there may be.
    package static let most = 512
    /// How many of them waits for locks leave to everything else.
    static let reserve = 64

    private static let longestWait = Duration.milliseconds(1)
    private static let patienceWithBlocked = Duration.milliseconds(5)

    private let state: Mutex<State>
    private let available = Semaphore()
    private let shortage = Semaphore()
    /// How many threads run at a time.
    private let width: Int
    /// How many threads there are that are not blocked for long.
    private let count: Int
    private let idleTime: Duration

    /// Starts `threads` threads with every signal blocked.
    ///
    /// - Parameter idleTime: How long a thread that was added stays without work.
    package init(threads: Int, idleTime: Duration = .seconds(30)) {
        count = max(1, threads)
        self.idleTime = idleTime
        width = min(count, max(2, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
        state = Mutex(State(idle: count, total: count))
        for _ in 0..<count { startWorking() }
        startThread { [self] in watch() }
    }

    /// How many threads there are now.
    package var threadCount: Int { state.withLock { $0.total } }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let (isWoken, isShort) = state.withLock { state in
            state.jobs.push(job)
            guard state.active < width || state.jobs.lastPop + Self.longestWait < .now else { return (false, false) }
            return (state.activate(), watchesShortage(&state))
        }
        if isWoken { available.signal() }
        if isShort { shortage.signal() }
    }

    /// Runs `body`, which may block, while another thread takes this one's place.
    package static func blocking<Result>(_ body: () -> Result) -> Result {
        guard let executor = current else { return EventLoop.blocking(body) }
        let block = executor.leave()
        defer { executor.comeBack(from: block) }
        return body()
    }

    /// The same for a wait that may be refused.
    ///
    /// - Returns: Nil, without a wait, where so many threads are blocked that the rest must stay free.
    package static func waiting<Result>(_ body: () -> Result) -> Result? {
        guard let executor = current else { return EventLoop.waiting(body) }
        guard executor.state.withLock({ $0.blocked.count < most - reserve }) else { return nil }
        return blocking(body)
    }

    private func startWorking() {
        startThread(stackSize: Self.stackSize) { [self] in
            pthread_setspecific(Self.key, Unmanaged.passUnretained(self).toOpaque())
            while true {
                guard available.wait(atMost: idleTime) else {
                    if mayEnd() { return }
                    continue
                }
                while let job = next() { job.runSynchronously(on: asUnownedTaskExecutor()) }
            }
        }
    }

    /// Whether a thread that waited in vain is one too many.
    private func mayEnd() -> Bool {
        state.withLock { state in
            // With none idle the signal for this one is on its way.
            guard state.total > count, state.idle > 0 else { return false }
            state.total -= 1
            state.idle -= 1
            return true
        }
    }

    private func leave() -> UInt64 {
        let (block, isWoken, isShort) = state.withLock { state in
            state.nextBlock += 1
            state.blocked[state.nextBlock] = .now
            state.active -= 1
            let isWoken = !state.jobs.isEmpty && state.active < width && state.activate()
            return (state.nextBlock, isWoken, watchesShortage(&state))
        }
        if isWoken { available.signal() }
        if isShort { shortage.signal() }
        return block
    }

    private func comeBack(from block: UInt64) {
        state.withLock { state in
            state.blocked[block] = nil
            state.active += 1
        }
    }

    /// The next job for this thread; nil if it is to rest.
    private func next() -> UnownedJob? {
        state.withLock { state in
            // Others came while this one was blocked.
            if state.active <= width, let job = state.jobs.pop() { return job }
            state.active -= 1
            state.idle += 1
            return nil
        }
    }

    /// Whether the watching thread must be woken.
    private func watchesShortage(_ state: inout State) -> Bool {
        guard !state.isWatched, state.isShort(width: width, most: Self.most) else { return false }
        state.isWatched = true
        return true
    }

    /// The body of the thread that adds threads while jobs wait and those that could run them are blocked for long.
    private func watch() {
        while true {
            shortage.wait()
            while true {
                usleep(UInt32(Self.patienceWithBlocked.microseconds))
                let added = state.withLock { state -> Int? in
                    guard state.isShort(width: width, most: Self.most) else {
                        state.isWatched = false
                        return nil
                    }
                    let since = ContinuousClock.now - Self.patienceWithBlocked
                    let wanted = count + state.blocked.values.count { $0 < since }
                    let added = max(0, min(wanted, Self.most) - state.total)
                    state.total += added
                    state.idle += added
                    return added
                }
                guard let added else { break }
                for _ in 0..<added { startWorking() }
                let woken = state.withLock { state in
                    (0..<width).count { _ in !state.jobs.isEmpty && state.active < width && state.activate() }
                }
                for _ in 0..<woken { available.signal() }
            }
        }
    }

    /// The executor whose thread this is.
    private static var current: RequestExecutor? {
        pthread_getspecific(key).map { Unmanaged<RequestExecutor>.fromOpaque($0).takeUnretainedValue() }
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()
}
