import Synchronization

/// What a server still has to finish before it may end: its requests and its accept threads.
final class InFlight: Sendable {
    private struct State {
        var nextID: UInt64 = 0
        var isCancelled = false
        /// The running entries; a value once it is known how to cancel one.
        var entries: [UInt64: (@Sendable () -> Void)?] = [:]
    }

    private let state = Mutex(State())
    private let emptied: EventFlag

    init() throws { emptied = try EventFlag() }

    var count: Int { state.withLock { $0.entries.count } }

    /// Adds an entry; ``leave(_:)`` removes it.
    func enter() -> UInt64 {
        state.withLock { state in
            state.nextID += 1
            state.entries.updateValue(nil, forKey: state.nextID)
            return state.nextID
        }
    }

    /// Says how to cancel an entry; nothing happens if it has left already.
    func attach(_ cancel: @escaping @Sendable () -> Void, to id: UInt64) {
        let isLate = state.withLock { state in
            guard state.entries[id] != nil else { return false }
            state.entries.updateValue(cancel, forKey: id)
            return state.isCancelled
        }
        if isLate { cancel() }
    }

    func leave(_ id: UInt64) {
        let isEmpty = state.withLock { state in
            state.entries.removeValue(forKey: id)
            return state.entries.isEmpty
        }
        if isEmpty { emptied.raise() }
    }

    /// Cancels every entry, and those that are still to be attached.
    func cancelAll() {
        let cancels = state.withLock { state in
            state.isCancelled = true
            return state.entries.values.compactMap { $0 }
        }
        for cancel in cancels { cancel() }
    }

    /// Blocks this thread until there is no entry or `limit` is over; true if there is none.
    func waitUntilEmpty(atMost limit: Duration) -> Bool {
        let deadline = ContinuousClock.now + limit
        while true {
            emptied.lower()
            if count == 0 { return true }
            let left = deadline - .now
            guard left > .zero else { return false }
            _ = emptied.wait(atMost: left)
        }
    }
}
