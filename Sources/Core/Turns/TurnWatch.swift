import Synchronization

/// Looks every second at all running turns: ends those whose caller may not go on, and wakes those that wait for long.
///
/// Who may not go on was removed or disabled, or its key was taken, since the turn began. An upstream may be silent
/// for minutes, so this does not wait for its next piece.
final class TurnWatch: Sendable {
    /// One turn under watch, for as long as this object lives.
    final class Ticket: Sendable {
        private struct State {
            var refusal: GatewayError?
            var control = ReplyControl()
            var wakeAt: ContinuousClock.Instant?
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

        /// Gives over what ends and wakes the turn from now on.
        ///
        /// It is ended at once if it must end already.
        func control(_ control: ReplyControl) {
            let isLate = state.withLock { state in
                state.control = control
                return state.refusal != nil
            }
            if isLate { control.cancel() }
        }

        /// Has the turn woken about then, in place of what was asked for before; nil: never.
        func wake(at time: ContinuousClock.Instant?) { state.withLock { $0.wakeAt = time } }

        /// Runs `body` in a task that is cancelled when the turn must end.
        ///
        /// - Throws: ``refusal`` if that happened, else what `body` throws.
        func run<Value>(
            _ body: @escaping @concurrent @Sendable () async throws -> sending Value
        ) async throws -> sending Value {
            let work = Pending(body)
            control(ReplyControl(cancel: work.cancel))
            do {
                while true {
                    if let value = try await work.value(within: nil) { return value }
                }
            } catch {
                throw refusal ?? error
            }
        }

        fileprivate func end(_ refusal: GatewayError) {
            let end = state.withLock { state in
                state.refusal = refusal
                return state.control.cancel
            }
            end()
        }

        fileprivate func wakeIfDue(at time: ContinuousClock.Instant) {
            let wake = state.withLock { state -> (@Sendable () -> Void)? in
                guard let wakeAt = state.wakeAt, wakeAt <= time else { return nil }
                state.wakeAt = nil
                return state.control.wake
            }
            wake?()
        }
    }

    private struct Entry { weak var ticket: Ticket? }

    private struct State {
        var nextID: UInt64 = 0
        var entries: [UInt64: Entry] = [:]
        var isWatching = false
        /// Whether it is being found out who may go on, which takes as long as the disk does.
        var isLooking = false
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
            let (tickets, looks) = state.withLock { state in
                if state.entries.isEmpty { state.isWatching = false }
                let looks = state.isWatching && !state.isLooking
                state.isLooking = state.isLooking || looks
                return (state.isWatching ? state.entries.values.compactMap(\.ticket) : nil, looks)
            }
            guard let tickets else { return }
            // Those whose time is over sooner than the next look have waited long enough.
            let time = ContinuousClock.now + interval / 2
            for ticket in tickets { ticket.wakeIfDue(at: time) }
            if looks {
                Task(executorPreference: Self.executor) { [self] in
                    await endRefused(tickets)
                    state.withLock { $0.isLooking = false }
                }
            }
        }
    }

    private func endRefused(_ tickets: [Ticket]) async {
        // Many turns of one person are looked at once.
        let byCaller = Dictionary(grouping: tickets.filter { $0.refusal == nil }) {
            "\($0.user.archive.digest) \($0.key ?? "")"
        }
        for turns in byCaller.values {
            guard let turn = turns.first else { continue }
            // Where that cannot be told now the next look tells it.
            let caller = try? await store.caller(turn.key.map { [$0] } ?? [], acting: turn.user)
            if let standing = caller?.standing, standing.endsTurns, let refusal = standing.refusal {
                turns.forEach { $0.end(refusal) }
            }
        }
    }

    /// The executor of the request that is here now.
    private static var executor: (any TaskExecutor)? {
        withUnsafeCurrentTask { $0?.unownedTaskExecutor?.asTaskExecutor() }
    }
}
