import Synchronization

/// Joins the leaving of a caller, which may come at any time, to the task that serves it, which starts later.
final class Departure: Sendable {
    private struct State {
        var hasLeft = false
        var task: Task<Void, Never>?
    }

    private let state = Mutex(State())

    var hasLeft: Bool { state.withLock { $0.hasLeft } }

    /// Cancels the task now, or as soon as it is known.
    func leave() {
        let task = state.withLock { state in
            state.hasLeft = true
            return state.task
        }
        task?.cancel()
    }

    func attach(_ task: Task<Void, Never>) {
        let hasLeft = state.withLock { state in
            state.task = task
            return state.hasLeft
        }
        if hasLeft { task.cancel() }
    }
}
