import Synchronization

/// Which models want their limit as `max_completion_tokens`, by name or as this worker has seen it.
final class TokenLimitNames: Sendable {
    private struct Key: Hashable {
        var fingerprint: String
        var model: String?
    }

    /// The most models that are remembered; beyond it all are learned anew.
    private static let most = 1000

    private let seen = Mutex<Set<Key>>([])

    func countsThoughts(_ model: String?, of account: Account) -> Bool {
        if let model, Self.isKnown(model) { return true }
        return seen.withLock { $0.contains(Key(fingerprint: account.fingerprint, model: model)) }
    }

    /// Notes that `max_tokens` was refused.
    func note(_ model: String?, of account: Account) {
        seen.withLock { seen in
            if seen.count >= Self.most { seen.removeAll() }
            seen.insert(Key(fingerprint: account.fingerprint, model: model))
        }
    }

    /// OpenAI's reasoning models, perhaps with a vendor before the name.
    private static func isKnown(_ model: String) -> Bool {
        let name = model.lowercased().split(separator: "/").last ?? ""
        let isNumbered = name.first == "o" && name.dropFirst().first.map { ("1"..."9").contains($0) } ?? false
        return isNumbered || name.hasPrefix("gpt-5")
    }
}
