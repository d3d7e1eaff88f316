import Core
import Synchronization

/// Holds tasks until it opens, and counts them; a cancelled one goes on with an error.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var nextID = 0
        var arrived = 0
        var waiting: [Int: CheckedContinuation<Void, any Error>] = [:]
        var cancelled: Set<Int> = []
        var watchers: [(count: Int, CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    /// Waits until the gate opens.
    func pass() async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let (isOver, watchers) = state.withLock { state -> (Bool, [CheckedContinuation<Void, Never>]) in
                    state.arrived += 1
                    let isOver = state.isOpen || state.cancelled.contains(id)
                    if !isOver { state.waiting[id] = continuation }
                    let due = state.watchers.filter { $0.count <= state.arrived }.map(\.1)
                    state.watchers.removeAll { $0.count <= state.arrived }
                    return (isOver, due)
                }
                for watcher in watchers { watcher.resume() }
                if isOver { continuation.resume() }
            }
            try Task.checkCancellation()
        } onCancel: {
            let waiting = state.withLock { state in
                state.cancelled.insert(id)
                return state.waiting.removeValue(forKey: id)
            }
            waiting?.resume(throwing: CancellationError())
        }
    }

    /// Waits until `count` tasks have come.
    func arrival(of count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.arrived < count { state.watchers.append((count, continuation)) }
                return state.arrived >= count
            }
            if isOver { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting.removeAll() }
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.resume() }
    }
}
