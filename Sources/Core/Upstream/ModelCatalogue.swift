import Logging
import Synchronization

/// Which models the accounts offer: those that the settings name, else those that the upstream was last known to have.
///
/// No turn ever waits for an upstream's list. The lists stand in the store, where all workers read them; each worker
/// watches them in the background, and one at a time asks an account whose list is old. A failure is kept, too, and
/// makes the pause before the next try longer. A list outlives the failures after it, restarts and reloads.
package final class ModelCatalogue: Sendable {
    private let accounts: [Account]
    private let store: any Store
    private let drivers: UpstreamDrivers
    private let log: Logger
    private let hasBegun = Mutex(false)

    /// The longest that ``models(of:)`` waits where nothing at all is known yet.
    private static let firstWait = Duration.seconds(2)
    /// How long an account that is out, or that another worker asks, is left alone.
    private static let nextLook = Duration.seconds(5)
    /// The state directory may block, so this is not the cooperative pool's work.
    private static let executor = RequestExecutor(threads: 2)

    /// - Parameter accounts: Those that are asked in the background, if their settings name no models.
    package init(accounts: [Account], store: any Store, drivers: UpstreamDrivers, log: Logger) {
        self.accounts = accounts
        self.store = store
        self.drivers = drivers
        self.log = log
    }

    /// Begins to watch the lists, once; what watches ends with the catalogue.
    package func begin() {
        guard
            hasBegun.withLock({ hasBegun in
                defer { hasBegun = true }
                return !hasBegun
            })
        else { return }
        for account in accounts where account.models.isEmpty {
            Task(executorPreference: Self.executor) { [weak self] in
                while let pause = await self?.look(after: account) {
                    // Not all workers and accounts at the same moment.
                    try? await Task.sleep(for: pause * Double.random(in: 1...1.2) + .milliseconds(20))
                }
            }
        }
    }

    /// Whether `account` offers `model`; nil where that is not known.
    func offers(_ model: String, _ account: Account) async -> Bool? {
        if !account.models.isEmpty { return account.models.contains(model) }
        if let known = await known(of: account), !known.models.isEmpty { return known.offers(model) }
        return drivers.standardModels(of: account).flatMap { $0.isEmpty ? nil : $0.contains(model) }
    }

    /// The chat models that `accounts` offer, each once, in the order of the accounts.
    ///
    /// Only where no model is known and an account was never asked is its answer waited for, and not for long.
    func models(of accounts: [Account]) async -> [String] {
        begin()
        let end = ContinuousClock.now + Self.firstWait
        while true {
            let (models, mayCome) = await knownModels(of: accounts)
            guard models.isEmpty, mayCome, ContinuousClock.now < end else { return models }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { return [] }
        }
    }

    /// The models, and whether an account was not yet asked for its own.
    private func knownModels(of accounts: [Account]) async -> (models: [String], mayCome: Bool) {
        var models: [String] = []
        var seen: Set<String> = []
        var mayCome = false
        for account in accounts {
            var own = account.models
            if own.isEmpty {
                let list = await known(of: account)
                own = (list?.models ?? []).filter { $0.kind == .chat }.map(\.name)
                if list == nil, !(await isOut(account)) { mayCome = true }
                if list?.models.isEmpty ?? true { own = drivers.standardModels(of: account) ?? [] }
            }
            for model in own where seen.insert(model).inserted { models.append(model) }
        }
        return (models, mayCome)
    }

    /// The list of the account as it is set up now; a store that fails knows nothing.
    private func known(of account: Account) async -> ModelList? {
        guard let list = try? await store.modelList(of: account.id), list.fingerprint == account.fingerprint else {
            return nil
        }
        return list
    }

    /// Whether the account rests or is disabled, so that its upstream is not asked.
    private func isOut(_ account: Account) async -> Bool {
        guard let health = try? await store.health(of: account.id) else { return true }
        return health.isOut(at: .now, fingerprint: account.fingerprint)
    }

    // MARK: In the background

    /// Asks the account for its models, if that is due and nobody else does.
    ///
    /// - Returns: How long to wait before the next look.
    private func look(after account: Account) async -> Duration {
        do {
            let pause = await known(of: account)?.pause(at: .now) ?? .zero
            guard pause == .zero else { return pause }
            guard !(await isOut(account)),
                let lease = try await store.lease(.modelList(account.id), timeout: .zero)
            else { return Self.nextLook }
            defer { withExtendedLifetime(lease) {} }
            // Another worker may have asked meanwhile.
            var list = await known(of: account) ?? ModelList(fingerprint: account.fingerprint)
            guard list.pause(at: .now) == .zero else { return list.pause(at: .now) }
            await ask(account, &list)
            try await store.keepModelList(list, of: account.id)
            return list.pause(at: .now)
        } catch {
            log.error(
                "a list of models could not be kept", metadata: ["account": "\(account.id)", "error": "\(error)"])
            return .seconds(60)
        }
    }

    private func ask(_ account: Account, _ list: inout ModelList) async {
        do throws(UpstreamError) {
            list.note(try await drivers.driver(for: account).models(of: account), at: .now)
        } catch {
            list.noteFailure(at: .now)
            // Once for each outage: what follows is the same.
            if list.failures == 1 {
                log.notice(
                    "an account does not tell its models",
                    metadata: ["account": "\(account.id)", "reason": "\(error.reason)"])
            }
        }
    }
}
