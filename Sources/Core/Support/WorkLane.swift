import Glibc
import Synchronization

/// Threads of low priority for work that takes CPU time: Markdown, large JSON, large exports.
///
/// A few pieces run at a time, the callers by turns, and everything else of the process goes first: for the scheduler
/// each thread is `niceness` behind. A piece that runs cannot be stopped, so whoever makes one bounds it.
package final class WorkLane: Sendable {
    /// So many pieces wait that no more is taken.
    package struct TooMany: Error {}

    private struct Piece {
        /// Runs the piece and tells who waits; nil is for one that is not run any more.
        var run: @Sendable () -> Void
        var refuse: @Sendable (any Error) -> Void
    }

    private struct State {
        var queue: FairQueue<Piece>
        var nextID: UInt64 = 0
        /// Ids whose task was cancelled before they were in the queue.
        var cancelled: Set<UInt64> = []
    }

    /// The lane of this process: a core is left to everything else where there are several.
    package static let shared = WorkLane(threads: max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) - 1))

    /// How many pieces of one caller, and of all, may wait.
    package static let mostOfCaller = 8
    package static let most = 512
    /// How many of one caller may wait that are parts of answers which have begun.
    package static let mostParts = 128
    private static let niceness: Int32 = 5

    private let state: Mutex<State>
    private let available = Semaphore()

    /// The threads live as long as the process.
    package init(threads: Int, mostOfCaller: Int = WorkLane.mostOfCaller, most: Int = WorkLane.most) {
        state = Mutex(State(queue: FairQueue(mostOfCaller: mostOfCaller, most: most)))
        for _ in 0..<max(1, threads) {
            startThread(stackSize: RequestExecutor.stackSize) { [self] in
                // Of this thread alone: on Linux threads have their own (setpriority(2)).
                setpriority(Int32(PRIO_PROCESS.rawValue), 0, Self.niceness)
                while true {
                    available.wait()
                    state.withLock { $0.queue.pop() }?.run()
                }
            }
        }
    }

    /// How many pieces wait.
    package var waiting: Int { state.withLock { $0.queue.count } }

    /// Runs a part of an answer that has begun, to which nothing else can be said: where too many wait it asks again.
    ///
    /// - Parameter timeout: After which it is refused all the same; nil: never.
    /// - Throws: As ``run(for:mostOfCaller:_:)``.
    package func runPart<Value: Sendable>(
        for caller: String, refusedAfter timeout: Duration? = nil, _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let end = timeout.map { ContinuousClock.now + $0 }
        while true {
            do { return try await run(for: caller, mostOfCaller: Self.mostParts, work) } catch let error as TooMany {
                if let end, ContinuousClock.now >= end { throw error }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    /// Runs `work` when it is `caller`'s turn; holds no thread of the task meanwhile.
    ///
    /// - Parameter mostOfCaller: Another bound than the lane's.
    /// - Throws: ``TooMany`` where too many pieces wait, `CancellationError` when the task is
    ///   cancelled before it is its turn, and what `work` throws.
    package func run<Value: Sendable>(
        for caller: String, mostOfCaller: Int? = nil, _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        defer { state.withLock { _ = $0.cancelled.remove(id) } }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
                let piece = Piece(
                    run: { continuation.resume(with: Result { try work() }) },
                    refuse: { continuation.resume(throwing: $0) })
                let refusal = state.withLock { state -> (any Error)? in
                    if state.cancelled.contains(id) { return CancellationError() }
                    return state.queue.push(piece, id: id, of: caller, mostOfCaller: mostOfCaller) ? nil : TooMany()
                }
                if let refusal { piece.refuse(refusal) } else { available.signal() }
            }
        } onCancel: {
            let piece = state.withLock { state -> Piece? in
                state.cancelled.insert(id)
                return state.queue.remove(id)
            }
            piece?.refuse(CancellationError())
        }
    }
}
