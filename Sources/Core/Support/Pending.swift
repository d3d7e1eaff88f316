import Synchronization

/// Work in a task of its own that can be waited for a while at a time.
///
/// Its outcome is handed over once, so it need not be sendable. The task ends with the last use of this object, and
/// when one that waits for it is cancelled.
package final class Pending<Value>: Sendable {
    /// Unchecked: the work's task gives its outcome away as it ends, and one that waits takes it out; in between nobody
    /// uses it.
    private struct Outcome: @unchecked Sendable { let result: Result<Value, any Error> }

    private struct State {
        var hasEnded = false
        var outcome: Outcome?
        /// How many times it was waited; an alarm of an earlier time wakes nobody.
        var waits = 0
        var isWoken = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private final class Shared: Sendable {
        let state = Mutex(State())

        func end(_ outcome: Outcome) {
            resume { state in
                state.outcome = outcome
                state.hasEnded = true
            }
        }

        /// - Parameter wait: The number of the wait that it is about; nil: whichever there is.
        func wake(_ wait: Int? = nil) {
            let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard wait == nil || wait == state.waits else { return nil }
                state.isWoken = true
                return state.waiter.take()
            }
            waiter?.resume()
        }

        private func resume(_ change: (inout State) -> Void) {
            let waiter = state.withLock { state in
                change(&state)
                return state.waiter.take()
            }
            waiter?.resume()
        }
    }

    private let shared = Shared()
    private let task: Task<Void, Never>

    /// Starts `work` on the executor of the task that is here now.
    package init(_ work: @escaping @concurrent @Sendable () async throws -> sending Value) {
        task = Task(executorPreference: Self.executor) { [shared] in
            do { shared.end(Outcome(result: .success(try await work()))) } catch {
                shared.end(Outcome(result: .failure(error)))
            }
        }
    }

    deinit { task.cancel() }

    package var hasEnded: Bool { shared.state.withLock { $0.hasEnded } }

    package func cancel() { task.cancel() }

    /// Makes a task that waits go on as if its time were over.
    package func wake() { shared.wake() }

    /// Waits for the end, for no longer than `limit`; the outcome stays here unless it is a failure.
    ///
    /// - Throws: The failure of the work.
    package func settle(within limit: Duration?) async throws {
        guard await ends(within: limit) else { return }
        let outcome = shared.state.withLock { $0.outcome }
        if case .failure(let error) = outcome?.result { throw error }
    }

    /// The outcome, to be had once; nil where it took longer than `limit` or ``wake()`` was called.
    package func value(within limit: Duration?) async throws -> sending Value? {
        guard await ends(within: limit) else { return nil }
        nonisolated(unsafe) let result = shared.state.withLock { $0.outcome.take() }?.result
        return try result?.get()
    }

    private func ends(within limit: Duration?) async -> Bool {
        let (hasEnded, wait) = shared.state.withLock { state in
            state.isWoken = false
            state.waits += 1
            return (state.hasEnded, state.waits)
        }
        if hasEnded { return true }
        let alarm = limit.map { limit in
            Task(executorPreference: Self.executor) { [shared] in
                do { try await Task.sleep(for: limit, tolerance: .milliseconds(500)) } catch { return }
                shared.wake(wait)
            }
        }
        defer { alarm?.cancel() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
                let goesOn = shared.state.withLock { state in
                    if state.hasEnded || state.isWoken { return true }
                    state.waiter = waiter
                    return false
                }
                if goesOn { waiter.resume() }
            }
        } onCancel: {
            // The work ends soon then, with a failure of its own.
            task.cancel()
        }
        return self.hasEnded
    }

    private static var executor: (any TaskExecutor)? {
        withUnsafeCurrentTask { $0?.unownedTaskExecutor?.asTaskExecutor() }
    }
}
