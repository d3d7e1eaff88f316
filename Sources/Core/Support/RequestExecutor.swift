import Glibc
import Synchronization

/// Threads of our own on which requests run, so that a request may block for a moment.
///
/// File locks and fsync block. On the cooperative pool, with its one thread a core, a few of them stop
/// every other task of the process; here they hold one of many threads. The stacks are 8 MiB, because
/// nested JSON is read recursively.
///
/// Run a task here with `Task(executorPreference: executor)`. The threads live as long as the process.
package final class RequestExecutor: TaskExecutor {
    private struct Queue {
        var jobs: [UnownedJob] = []
        var head = 0

        mutating func pop() -> UnownedJob? {
            guard head < jobs.count else { return nil }
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
            return jobs[head]
        }
    }

    private let queue = Mutex(Queue())
    private let available: Semaphore

    /// Starts `threads` threads with every signal blocked.
    package init(threads: Int) {
        available = Semaphore()
        for _ in 0..<max(1, threads) {
            startThread(stackSize: 8 << 20) { [self] in
                while true {
                    available.wait()
                    let job = queue.withLock { $0.pop() }
                    job?.runSynchronously(on: asUnownedTaskExecutor())
                }
            }
        }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.withLock { $0.jobs.append(job) }
        available.signal()
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
