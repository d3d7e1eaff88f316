import Logging

/// Picks account and driver for a turn, and moves on to the next account before the first byte.
package final class Dispatcher: Sendable {
    let store: any Store
    let pool: AccountPool
    let drivers: UpstreamDrivers
    /// How long a turn waits for a free slot.
    let queueTimeout: Duration
    let trials: AccountTrials
    let log: Logger
    package let catalogue: ModelCatalogue

    package init(
        store: any Store, pool: AccountPool, drivers: UpstreamDrivers, queueTimeout: Duration, log: Logger
    ) {
        self.store = store
        self.pool = pool
        self.drivers = drivers
        self.queueTimeout = queueTimeout
        trials = AccountTrials(store: store, drivers: drivers, log: log)
        self.log = log
        catalogue = ModelCatalogue(accounts: pool.accounts, store: store, drivers: drivers, log: log)
    }

    /// Sends the first prompt of a conversation to the next account of the pool in turn.
    ///
    /// - Throws: ``GatewayError``; `noAccountAvailable` with the time when the first account comes back.
    func start(
        _ prompt: UpstreamPrompt, in kind: AccountPool.Kind, requestID: String
    ) async throws -> (lease: AccountLease, reply: UpstreamReply) {
        let members = try await members(kind, model: prompt.model)
        var failures = TurnFailures()
        while true {
            switch try await attempt(prompt, in: kind, among: members, after: failures) {
            case .answering(let lease, let reply): return (lease, reply)
            case .exhausted: throw failures.told
            case .failed(let account, let error):
                let trial = try await noteOrGiveUp(error, of: account, by: prompt.pseudonym, requestID: requestID)
                failures.add(error, of: account, trial)
                if failures.tried.count < members.count, await failures.areOwn() { throw failures.told }
            }
        }
    }

    private enum Attempt {
        case answering(AccountLease, UpstreamReply)
        /// Its slot is free again.
        case failed(Account, UpstreamError)
        case exhausted
    }

    @inline(never)
    private func attempt(
        _ prompt: UpstreamPrompt, in kind: AccountPool.Kind, among members: [Account], after failures: TurnFailures
    ) async throws -> Attempt {
        guard let lease = try await reserve(members, kind: kind, after: failures) else { return .exhausted }
        do throws(UpstreamError) {
            return .answering(lease, try await drivers.driver(for: lease.account).send(prompt, to: lease.account))
        } catch {
            return .failed(lease.account, error)
        }
    }

    /// Notes a failure; throws it where no other account may be tried.
    @inline(never)
    private func noteOrGiveUp(
        _ error: UpstreamError, of account: Account, by caller: String, requestID: String
    ) async throws -> AccountTrials.Trial? {
        let trial = try await note(error, of: account, by: caller, requestID: requestID)
        if error.kind == .cancelled || error.failure == .callerFault || error.mayBeAccepted { throw error.gatewayError }
        return trial
    }

    /// The chat models that the accounts of `kind` offer, each once, in the order of the accounts.
    func models(of kind: AccountPool.Kind) async -> [String] { await catalogue.models(of: pool.members(kind)) }

    /// The accounts of `kind` that offer `model`.
    ///
    /// One whose models are not known may have it, and is asked where none is up that is known to.
    @inline(never)
    private func members(_ kind: AccountPool.Kind, model: String?) async throws -> [Account] {
        let all = pool.members(kind)
        guard !all.isEmpty else {
            throw GatewayError(.noAccountAvailable, "No account of this kind is set up.", retryAfter: .seconds(60))
        }
        guard let model else { return all }
        var known: [Account] = []
        var possible: [Account] = []
        for account in all {
            switch await catalogue.offers(model, account) {
            case true?: known.append(account)
            case false?: break
            case nil: possible.append(account)
            }
        }
        guard !known.isEmpty || !possible.isEmpty else {
            throw GatewayError(.modelNotFound, "There is no such model for this key.", parameter: "model")
        }
        if possible.isEmpty { return known }
        for account in known {
            let health = try await store.health(of: account.id)
            if !health.isOut(at: .now, fingerprint: account.fingerprint) { return known }
        }
        return known + possible
    }

    /// Sends a follow-up to the account of its conversation, and to no other.
    ///
    /// - Throws: ``GatewayError``; `accountUnavailable` if the account is gone or disabled.
    func resume(
        _ prompt: UpstreamPrompt, on id: Account.ID, requestID: String
    ) async throws -> (lease: AccountLease, reply: UpstreamReply) {
        guard let account = pool.account(id) else { throw Self.accountGone }
        let health = try await store.health(of: id)
        if health.isOut(at: .now, fingerprint: account.fingerprint) {
            guard let pause = health.remainingRest(at: .now) else { throw Self.accountGone }
            throw Self.resting(for: pause)
        }
        let lease = try await waitForSlot(queueTimeout) { () async throws in
            switch try await store.reserveSlot(of: account) {
            case .taken(let slot): AccountLease(account: account, slot: slot)
            case .full: nil
            }
        }
        guard let lease else { throw Self.allBusy }
        do throws(UpstreamError) {
            return (lease, try await drivers.driver(for: account).send(prompt, to: account))
        } catch {
            try await note(error, of: account, by: prompt.pseudonym, requestID: requestID)
            guard error.failure == .rateLimited || error.failure == .quota,
                let pause = try await store.health(of: id).remainingRest(at: .now)
            else { throw error.gatewayError }
            throw Self.resting(for: pause)
        }
    }

    /// Sends a prompt to the account that the caller brought along, one at a time for its upstream user.
    func send(
        _ prompt: UpstreamPrompt, to caller: CallerAccount, requestID: String
    ) async throws -> (lease: AccountLease, reply: UpstreamReply) {
        let lease = try await waitForSlot(queueTimeout) { () async throws in
            try await store.leaseUpstreamUser(caller.upstreamUser).map {
                AccountLease(account: caller.account, slot: $0)
            }
        }
        guard let lease else {
            throw GatewayError(
                .rateLimited, "Another message is being answered with this access token. Wait for it.",
                retryAfter: .seconds(1))
        }
        do throws(UpstreamError) {
            return (lease, try await drivers.driver(for: caller.account).send(prompt, to: caller.account))
        } catch {
            try await note(error, of: caller.account, by: prompt.pseudonym, requestID: requestID)
            throw error.callerTokenError
        }
    }

    /// Notes a failure in the account's shared state.
    ///
    /// - Parameter caller: Who sent the request, by the name that upstreams see.
    /// - Returns: What finds out whether the account is at fault, where that is not known.
    @inline(never) @discardableResult
    func note(
        _ error: UpstreamError, of account: Account, by caller: String, requestID: String
    ) async throws -> AccountTrials.Trial? {
        guard error.kind != .cancelled else { return nil }
        log.notice(
            "upstream failed",
            metadata: [
                "request_id": "\(requestID)", "account": "\(account.id)", "class": "\(error.failure.rawValue)",
                "reason": "\(error.reason)",
            ])
        guard error.failure != .callerFault, error.failure != .modelUnavailable, !account.isCallers else { return nil }
        try await store.count(.errors, of: account.id)
        if error.failure == .transient { return try await trials.begin(on: account, after: error, by: caller) }
        try await store.updateHealth(of: account.id) { $0.note(error, of: account, at: .now) }
        return nil
    }

    /// Notes that a turn went well.
    func noteSuccess(of account: Account) async throws {
        guard !account.isCallers else { return }
        try await store.count(.requests, of: account.id)
        guard try await !store.health(of: account.id).isUntouched else { return }
        try await store.updateHealth(of: account.id) { $0.noteSuccess(at: .now) }
    }

    /// - Returns: Nil when every account that could be used has been tried.
    @inline(never)
    private func reserve(
        _ members: [Account], kind: AccountPool.Kind, after failures: TurnFailures
    ) async throws -> AccountLease? {
        let cursor = pool.cursor(kind, among: members)
        let remaining = members.filter { !failures.tried.contains($0.id) }
        // Who has already waited for an account that failed does not wait long for the next.
        let patience = failures.isEmpty ? queueTimeout : min(queueTimeout, .seconds(5))
        let lease = try await waitForSlot(patience) { () async throws in
            let reserved = try await store.reserveAccount(cursor: cursor, among: members) { last, health in
                AccountPool.order(members, after: last, health: health, excluding: failures.tried, at: .now)
            }
            if let reserved { return AccountLease(account: reserved.account, slot: reserved.slot) }
            // Waiting helps only where an account is full; one that rests or is disabled is not waited for.
            var health: [Account.ID: AccountHealth] = [:]
            for account in members { health[account.id] = try await store.health(of: account.id) }
            let usable = AccountPool.order(remaining, after: nil, health: health, excluding: [], at: .now)
            if !usable.isEmpty { return nil }
            guard failures.isEmpty || failures.areLimits else { throw NothingLeft() }
            throw AccountPool.unavailable(members, health: health, at: .now)
        }
        if lease == nil, failures.isEmpty { throw Self.allBusy }
        return lease
    }

    /// Asks `attempt` again until it gives a lease or the time is up.
    private func waitForSlot(
        _ patience: Duration, _ attempt: () async throws -> AccountLease?
    ) async throws -> AccountLease? {
        let end = ContinuousClock.now + patience
        var pause = Duration.milliseconds(5)
        do {
            while true {
                if let lease = try await attempt() { return lease }
                guard ContinuousClock.now < end else { return nil }
                try await Task.sleep(for: pause * Double.random(in: 0.5...1))
                pause = min(pause * 2, .milliseconds(100))
            }
        } catch is NothingLeft { return nil }
    }

    private struct NothingLeft: Error {}

    private static let accountGone = GatewayError(
        .accountUnavailable,
        "The account that began this conversation is not available. The conversation is kept; start a new one.")

    private static func resting(for pause: Duration) -> GatewayError {
        GatewayError(
            .accountResting,
            "The account of this conversation is resting. Try again later, or start a new conversation.",
            retryAfter: pause)
    }

    private static let allBusy = GatewayError(
        .noAccountAvailable, "All accounts are busy. Try again in a moment.", retryAfter: .seconds(1))
}
