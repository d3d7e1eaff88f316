import Synchronization

/// The journal of a store, which it gets some time after it was opened.
final class JournalHolder: Sendable {
    private let state = Mutex<TurnJournal?>(nil)

    var current: TurnJournal? { state.withLock { $0 } }

    /// - Returns: The one before.
    @discardableResult
    func set(_ journal: TurnJournal?) -> TurnJournal? {
        state.withLock { state in
            defer { state = journal }
            return state
        }
    }
}
