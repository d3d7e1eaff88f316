import Synchronization

/// Bytes that many may hold at the same time up to a limit; those that come later wait, the callers by turns.
///
/// More than the limit is given to one that is alone, so that whatever is allowed at all comes through.
package final class MemoryBudget: Sendable {
    private struct Waiting {
        var bytes: Int
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var held = 0
        var queue: FairQueue<Waiting>
        var nextID: UInt64 = 0
        /// Those whose wait has not ended, in the queue or on the way to it.
        var waits: Set<UInt64> = []
    }

    /// A part of the budget, given back with its last use.
    package final class Share: Sendable {
        private let budget: MemoryBudget
        private let bytes: Int

        fileprivate init(_ budget: MemoryBudget, _ bytes: Int) {
            self.budget = budget
            self.bytes = bytes
        }

        deinit { budget.giveBack(bytes) }
    }

    private let limit: Int
    private let state: Mutex<State>

    package init(bytes limit: Int, mostOfCaller: Int = 16, most: Int = 256) {
        self.limit = limit
        state = Mutex(State(queue: FairQueue(mostOfCaller: mostOfCaller, most: most)))
    }

    package var held: Int { state.withLock { $0.held } }
    package var waiting: Int { state.withLock { $0.queue.count } }

    /// Takes `bytes` of the budget; holds no thread while it waits.
    ///
    /// - Returns: Nil when there was none within `time`, too many wait already, or the task was cancelled.
    package func take(_ bytes: Int, for caller: String, atMost time: Duration) async -> Share? {
        let (isFree, id) = state.withLock { state in
            state.nextID += 1
            let isFree = state.queue.isEmpty && fits(bytes, state.held)
            if isFree { state.held += bytes } else { state.waits.insert(state.nextID) }
            return (isFree, state.nextID)
        }
        if isFree { return Share(self, bytes) }
        let alarm = Task { [self] in
            try await Task.sleep(for: time)
            end(id)
        }
        defer {
            alarm.cancel()
            state.withLock { _ = $0.waits.remove(id) }
        }
        let isGiven = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isRefused = state.withLock { state in
                    !state.waits.contains(id)
                        || !state.queue.push(Waiting(bytes: bytes, continuation: continuation), id: id, of: caller)
                }
                if isRefused { continuation.resume(returning: false) }
                giveOn()
            }
        } onCancel: {
            end(id)
        }
        return isGiven ? Share(self, bytes) : nil
    }

    private func giveBack(_ bytes: Int) {
        state.withLock { $0.held -= bytes }
        giveOn()
    }

    private func end(_ id: UInt64) {
        let waiting = state.withLock { state in
            state.waits.remove(id)
            return state.queue.remove(id)
        }
        waiting?.continuation.resume(returning: false)
        giveOn()
    }

    /// Gives what is free to those whose turn it is.
    private func giveOn() {
        while true {
            let next = state.withLock { state -> Waiting? in
                guard let first = state.queue.first, fits(first.bytes, state.held) else { return nil }
                state.held += first.bytes
                return state.queue.pop()
            }
            guard let next else { return }
            next.continuation.resume(returning: true)
        }
    }

    private func fits(_ bytes: Int, _ held: Int) -> Bool { held == 0 || held + bytes <= limit }
}
