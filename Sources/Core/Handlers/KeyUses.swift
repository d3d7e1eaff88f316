import Synchronization

/// Notes when keys are used: aside, and once an hour each, so that no request waits for it.
final class KeyUses: Sendable {
    private struct State {
        var hour: Int64 = 0
        var noted: Set<User.Key.ID> = []
    }

    private let store: any Store
    private let state = Mutex(State())
    /// So many keys are remembered; those beyond are asked about again.
    private static let most = 100_000

    init(store: any Store) { self.store = store }

    func note(_ key: User.Key.ID, at time: Timestamp = .now) {
        let hour = time.microsecondsSinceEpoch / 3_600_000_000
        let isNew = state.withLock { state in
            if state.hour != hour || state.noted.count >= Self.most { state = State(hour: hour) }
            return state.noted.insert(key).inserted
        }
        guard isNew else { return }
        // Lost is lost: the next hour notes it again.
        Task(executorPreference: Self.executor) { [store] in try? await store.noteUse(of: key, at: time) }
    }

    /// That of the request that is here now: the store may block.
    private static var executor: (any TaskExecutor)? {
        withUnsafeCurrentTask { $0?.unownedTaskExecutor?.asTaskExecutor() }
    }
}
