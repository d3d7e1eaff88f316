import Synchronization

/// The models of accounts whose settings list none, as the upstream tells them; asked again after some minutes.
final class ModelCatalog: Sendable {
    private struct Entry {
        var models: [String]
        var expires: ContinuousClock.Instant
    }

    private let endpoint: OpenAIEndpoint
    private let entries = Mutex<[Account.ID: Entry]>([:])

    init(endpoint: OpenAIEndpoint) { self.endpoint = endpoint }

    /// The ids of the account's models in the upstream's order.
    func models(of account: Account) async throws(UpstreamError) -> [String] {
        if !account.models.isEmpty { return account.models }
        let now = ContinuousClock.now
        if let entry = entries.withLock({ $0[account.id] }), entry.expires > now { return entry.models }
        let answer = try await endpoint.get("/models", from: account, totalTimeout: .seconds(10))
        let models = (answer["data"]?.array ?? []).compactMap { $0["id"]?.string }
        entries.withLock { $0[account.id] = Entry(models: models, expires: now + .seconds(300)) }
        return models
    }
}
