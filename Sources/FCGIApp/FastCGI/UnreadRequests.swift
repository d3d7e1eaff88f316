import Synchronization

/// The connections whose requests have begun and are not whole yet.
///
/// A web server that holds requests back until it has them whole sends one at once, so the oldest is the one that will
/// not come.
final class UnreadRequests: Sendable {
    private struct State {
        var nextID = 0
        var watches: [Int: ConnectionWatch] = [:]
    }

    private let most: Int
    private let state = Mutex(State())

    init(most: Int) { self.most = most }

    var count: Int { state.withLock { $0.watches.count } }

    /// Adds one; where there are too many, the oldest is abandoned.
    func enter(_ watch: ConnectionWatch) -> Int {
        let (id, oldest) = state.withLock { state in
            state.nextID += 1
            state.watches[state.nextID] = watch
            guard state.watches.count > most, let first = state.watches.keys.min() else {
                return (state.nextID, ConnectionWatch?.none)
            }
            return (state.nextID, state.watches.removeValue(forKey: first))
        }
        oldest?.abandon()
        return id
    }

    func leave(_ id: Int) { state.withLock { _ = $0.watches.removeValue(forKey: id) } }
}
