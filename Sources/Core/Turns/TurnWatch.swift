import Synchronization

/// Looks every second whether those whose turns run may go on, and ends the turns of those who may not.
///
/// That is whoever was removed or disabled, or whose key was taken, since the turn began.
///
/// An upstream may be silent for minutes, so this does not wait for its next piece.
final class TurnWatch: Sendable {
    /// One turn under watch, for as long as this object lives.
    final class Ticket: Sendable {
        private struct State {
            var refusal: GatewayError?
            var end: (@Sendable () -> Void)?
        }

        fileprivate let user: User
        fileprivate let key: APIKey.Digest?
        private let state = Mutex(State())
        private let id: UInt64
        private let watch: TurnWatch

        fileprivate init(user: User, key: APIKey.Digest?, id: UInt64, watch: TurnWatch) {
            self.user = user
            self.key = key
            self.id = id
            self.watch = watch
        }

        deinit { watch.leave(id) }

        /// What the caller is told whose turn was ended; nil as long as it may go on.
        var refusal: GatewayError? { state.withLock { $0.refusal } }

        /// Has `end` called when the turn must end, in place of what was to be called before.
        ///
        /// It is called at once if the turn must end already.
        func onEnd(_ end: @escaping @Sendable () -> Void) {
            let isLate = state.withLock { state in
                state.end = end
                return state.refusal != nil
            }
            if isLate { end() }
        }

        /// Runs `body` in a task that is cancelled when the turn must end.
        ///
        /// - Throws: ``refusal`` if that happened, else what `body` throws.
        func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
            let task = Task(executorPreference: TurnWatch.executor, operation: body)
            onEnd { task.cancel() }
            do {
                return try await withTaskCancellationHandler {
                    try await task.value
                } onCancel: {
                    task.cancel()
                }
            } catch {
                throw refusal ?? error
            }
        }

        fileprivate func end(_ refusal: GatewayError) {
            let end = state.withLock { state in
                state.refusal = refusal
                return state.end
            }
            end?()
        }
    }

    private struct Entry { weak var ticket: Ticket? }

    private struct State {
        var nextID: UInt64 = 0
        var entries: [UInt64: Entry] = [:]
        var isWatching = false
    }

    private let store: any Store
    private let interval: Duration
    private let state = Mutex(State())

    init(store: any Store, interval: Duration = .seconds(1)) {
        self.store = store
        self.interval = interval
    }

    /// Begins to watch a turn of `user` that was asked for with `key`.
    func enter(_ user: User, _ key: APIKey.Digest?) -> Ticket {
        let (ticket, isFirst) = state.withLock { state in
            state.nextID += 1
            let ticket = Ticket(user: user, key: key, id: state.nextID, watch: self)
            state.entries[state.nextID] = Entry(ticket: ticket)
            defer { state.isWatching = true }
            return (ticket, !state.isWatching)
        }
        if isFirst { Task(executorPreference: Self.executor) { [self] in await watch() } }
        return ticket
    }

    private func leave(_ id: UInt64) {
        state.withLock { _ = $0.entries.removeValue(forKey: id) }
    }

    /// Looks until no turn runs.
    private func watch() async {
        while true {
            try? await Task.sleep(for: interval)
            let tickets = state.withLock { state in
                if state.entries.isEmpty { state.isWatching = false }
                return state.isWatching ? state.entries.values.compactMap(\.ticket) : nil
            }
            guard let tickets else { return }
            // Many turns of one person are looked at once.
            let byCaller = Dictionary(grouping: tickets.filter { $0.refusal == nil }) {
                "\($0.user.archive.digest) \($0.key ?? "")"
            }
            for turns in byCaller.values {
                guard let turn = turns.first else { continue }
                // Where that cannot be told now the next look tells it.
                let caller = try? await store.caller(turn.key.map { [$0] } ?? [], acting: turn.user)
                if let refusal = caller?.standing.refusal { turns.forEach { $0.end(refusal) } }
            }
        }
    }

    /// The executor of the request that is here now.
    private static var executor: (any TaskExecutor)? {
        withUnsafeCurrentTask { $0?.unownedTaskExecutor?.asTaskExecutor() }
    }
}
