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
/// no more than ``patience``, if requests go on to come.
///
/// Run a task here with `Task(executorPreference: executor)`. The threads live as long as the process.
package final class RequestExecutor: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var head = 0
        /// How many threads are at work or were told to begin.
        var active = 0
        var idle: Int
        var lastPop = ContinuousClock.now

        var isEmpty: Bool { head == jobs.count }

        mutating func pop() -> UnownedJob? {
            guard !isEmpty else { return nil }
            defer {
                head += 1
                if head == jobs.count {
                    jobs.removeAll(keepingCapacity: true)
                    head = 0
                } else if head > 1024, head * 2 > jobs.count {
                    jobs.removeFirst(head)
                    head = 0
                }
            }
            lastPop = .now
            return jobs[head]
        }

        /// Counts one more thread as active; false if none is idle.
        mutating func activate() -> Bool {
            guard idle > 0 else { return false }
            idle -= 1
            active += 1
            return true
        }
    }

    /// Of threads on which requests run, in bytes.
    package static let stackSize = 8 << 20

    private static let patience = Duration.milliseconds(1)

    private let state: Mutex<State>
    private let available = Semaphore()
    /// How many threads run at a time.
    private let width: Int

    /// Starts `threads` threads with every signal blocked.
    package init(threads: Int) {
        let count = max(1, threads)
        width = min(count, max(2, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
        state = Mutex(State(idle: count))
        for _ in 0..<count {
            startThread(stackSize: Self.stackSize) { [self] in
                pthread_setspecific(Self.current, Unmanaged.passUnretained(self).toOpaque())
                while true {
                    available.wait()
                    while let job = next() { job.runSynchronously(on: asUnownedTaskExecutor()) }
                }
            }
        }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if let pointer = pthread_getspecific(Self.beginning) {
            let jobs = Unmanaged<Jobs>.fromOpaque(pointer).takeUnretainedValue()
            if jobs.executor === self { return jobs.list.append(job) }
        }
        let isWoken = state.withLock { state in
            state.jobs.append(job)
            guard state.active < width || state.lastPop + Self.patience < .now else { return false }
            return state.activate()
        }
        if isWoken { available.signal() }
    }

    /// Runs `body` and then, on this thread, the tasks that it made for this executor, each up to its first wait.
    ///
    /// The thread's stack must have ``stackSize``.
    package func beginHere(_ body: () -> Void) {
        let jobs = Jobs(self)
        withExtendedLifetime(jobs) {
            pthread_setspecific(Self.beginning, Unmanaged.passUnretained(jobs).toOpaque())
            body()
            pthread_setspecific(Self.beginning, nil)
            for job in jobs.list { job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
    }

    /// What ``beginHere(_:)`` makes; of one thread.
    private final class Jobs {
        let executor: RequestExecutor
        var list: [UnownedJob] = []

        init(_ executor: RequestExecutor) { self.executor = executor }
    }

    /// Runs `body`, which may block, while another thread takes this one's place.
    package static func blocking<Result>(_ body: () -> Result) -> Result {
        guard let pointer = pthread_getspecific(current) else { return body() }
        let executor = Unmanaged<RequestExecutor>.fromOpaque(pointer).takeUnretainedValue()
        executor.leave()
        defer { executor.state.withLock { $0.active += 1 } }
        return body()
    }

    private func leave() {
        let isWoken = state.withLock { state in
            state.active -= 1
            return !state.isEmpty && state.active < width && state.activate()
        }
        if isWoken { available.signal() }
    }

    /// The next job for this thread; nil if it is to rest.
    private func next() -> UnownedJob? {
        state.withLock { state in
            // Others came while this one was blocked.
            if state.active <= width, let job = state.pop() { return job }
            state.active -= 1
            state.idle += 1
            return nil
        }
    }

    /// The executor whose thread this is.
    private static let current = threadKey()
    /// The jobs that this thread collects.
    private static let beginning = threadKey()

    private static func threadKey() -> pthread_key_t {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }
}

/// A counting semaphore (`sem_overview(7)`) at a fixed address.
///
/// Unchecked: the pointer never changes and `sem_post` and `sem_wait` may be called from any thread.
private final class Semaphore: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }

    func wait() { while sem_wait(semaphore) != 0 {} }
}
