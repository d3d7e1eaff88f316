import Synchronization

/// The models that an account may not use for a while, as this worker has seen it.
///
/// The cap is of one model: the account goes on with the others, so its health says nothing of it.
final class ModelCaps: Sendable {
    private struct Key: Hashable {
        var account: Account.ID
        var fingerprint: String
        var model: String
    }

    private let ends = Mutex<[Key: ContinuousClock.Instant]>([:])

    /// How long the cap still stands; nil where there is none.
    func remaining(_ model: String, of account: Account) -> Duration? {
        let key = Key(account: account.id, fingerprint: account.fingerprint, model: model)
        let now = ContinuousClock.now
        return ends.withLock { ends in
            guard let end = ends[key] else { return nil }
            guard end > now else {
                ends[key] = nil
                return nil
            }
            return now.duration(to: end)
        }
    }

    func note(_ model: String, of account: Account, for pause: Duration) {
        let key = Key(account: account.id, fingerprint: account.fingerprint, model: model)
        ends.withLock { $0[key] = .now + pause }
    }
}
