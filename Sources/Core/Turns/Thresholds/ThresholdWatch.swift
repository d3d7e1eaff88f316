import Logging
import Synchronization

/// Tells the operator's webhook of thresholds of limits, in one worker at a time; see docs/adr/0011-thresholds.md.
///
/// Each second it looks at whom new rows of the ledger name, and step by step at all who have used something this month,
/// which finds what another worker missed that died, and limits that were lowered. Nothing of it runs on the loop or
/// where anybody waits.
package final class ThresholdWatch: Sendable {
    /// How many users a step of the round looks at, and how long it pauses after each round.
    private static let (usersAtOnce, pause) = (100, Duration.seconds(300))
    /// For how long it looks for a row to be settled, and at how many at most.
    private static let (longestWait, mostRecent) = (Duration.seconds(120), 20_000)

    /// The state directory may block, so this is not the cooperative pool's work.
    private static let executor = RequestExecutor(threads: 2)

    private let store: any Store
    private let limits: TurnLimits
    private let settings: Settings.Thresholds
    private let accounts: [Account]
    private let calls: ThresholdCalls
    private let log: Logger
    private let task = Mutex<Task<Void, Never>?>(nil)

    /// - Returns: Nil where nobody is to be told.
    package init?(_ settings: Settings, store: any Store, client: HTTPClient, log: Logger) {
        guard let webhook = settings.thresholds.webhook else { return nil }
        self.store = store
        self.settings = settings.thresholds
        self.log = log
        accounts = settings.openAI.accounts
        limits = TurnLimits(store: store, settings: settings.limits, prices: settings.prices)
        calls = ThresholdCalls(
            webhook: Webhook(webhook, client: client), executor: Self.executor, log: log)
    }

    /// Begins, once.
    package func begin() {
        task.withLock { task in
            task = task ?? Task(executorPreference: Self.executor) { [self] in await watch() }
        }
    }

    /// Leaves it to other workers, who may have other settings; for a worker that drains.
    package func end() {
        task.withLock { $0?.cancel() }
        calls.stop()
    }

    private func watch() async {
        var state = makeState()
        while !Task.isCancelled {
            var pause = Duration.seconds(1)
            do {
                try await notice(&state)
                if let book = state.book { calls.begin(book) }
            } catch {
                guard !Task.isCancelled else { break }
                state.forget()
                if (error as? StoreError)?.kind != .busy {
                    log.error("thresholds of limits could not be looked at", metadata: ["error": "\(error)"])
                    // A full disk is not emptied by asking each second.
                    pause = .seconds(60)
                }
            }
            try? await Task.sleep(for: pause)
        }
    }

    func makeState() -> State {
        State(looks: ThresholdLooks(limits, percents: settings.percents, accounts: accounts))
    }

    /// What one step leaves to the next.
    struct State {
        var looks: ThresholdLooks
        var book: ThresholdBook?
        /// When whom and what there was last a row of.
        var recent: [UsageRow.Names: ContinuousClock.Instant] = [:]
        /// Where the round stands.
        var lastUser = ""
        var nextRound = ContinuousClock.now
        var isFull = false

        fileprivate init(looks: ThresholdLooks) { self.looks = looks }

        /// Begins anew, with what is stored.
        mutating func forget() { self = State(looks: looks) }
    }

    /// Notes what has come to a threshold by now, if no other process does.
    func notice(_ state: inout State) async throws {
        if state.book == nil { state.book = try await store.thresholdBook() }
        guard let book = state.book else { return }
        let now = ContinuousClock.now
        for row in try book.newRows() where state.recent.count < Self.mostRecent { state.recent[row.names] = now }

        var seen: [LimitSubject: Bool] = [:]
        var found: [ThresholdCall] = []
        for (names, time) in state.recent {
            let look = try await look(names, &state, &seen)
            found += look.calls
            if !look.isRunning || now - time > Self.longestWait { state.recent[names] = nil }
        }
        for names in try nextOfRound(&state, book) { found += try await look(names, &state, &seen).calls }

        let left = try book.note(found)
        if left > 0, !state.isFull { log.error("too many calls about thresholds wait", metadata: ["left": "\(left)"]) }
        state.isFull = left > 0
    }

    /// A look that finds nothing where a record is damaged, so that it does not hide the others.
    private func look(
        _ names: UsageRow.Names, _ state: inout State, _ seen: inout [LimitSubject: Bool]
    ) async throws -> ThresholdLooks.Look {
        do { return try await state.looks.look(names, &seen) } catch let error as StoreError {
            guard error.kind == .corrupt else { throw error }
            return ThresholdLooks.Look()
        }
    }

    /// The next of all who have used something this month, and at the beginning of a round what the settings limit.
    private func nextOfRound(_ state: inout State, _ book: ThresholdBook) throws -> [UsageRow.Names] {
        guard state.nextRound <= .now else { return [] }
        var names: [UsageRow.Names] = []
        if state.lastUser.isEmpty {
            names += limits.settings.models.keys.map { UsageRow.Names(model: $0) }
            names += accounts.map { UsageRow.Names(account: $0.id.rawValue) }
        }
        let users: UsersOfLedger
        do throws(StoreError) {
            let first = limits.calendar.period(at: .now).firstDay
            users = try book.users(after: state.lastUser, since: first, limit: Self.usersAtOnce)
        } catch {
            // The sums are being made anew.
            guard error.kind == .busy else { throw error }
            return names
        }
        state.lastUser = users.last ?? ""
        if users.last == nil { state.nextRound = .now + Self.pause }
        return names + users.names
    }
}
