import Logging

/// Where a prompt may be sent.
enum Candidates: Sendable {
    /// The accounts of a kind by turns, for a new conversation.
    case pool(AccountPool.Kind)
    /// The account of the conversation that goes on, and no other.
    case account(Account.ID)
    /// What the caller brought along.
    case callerToken(CallerToken)
}

/// Picks account and driver for a turn, and moves on to the next account before the first byte.
package final class Dispatcher: Sendable {
    let store: any Store
    let pool: AccountPool
    let drivers: UpstreamDrivers
    /// How long a turn waits for a free slot.
    let queueTimeout: Duration
    let trials: AccountTrials
    let log: Logger
    package let limits: TurnLimits
    package let catalogue: ModelCatalogue
    let ledger: UsageLedger

    package init(
        store: any Store, pool: AccountPool, drivers: UpstreamDrivers, queueTimeout: Duration,
        limits: Settings.LimitSettings = .init(), log: Logger, ledger: UsageLedger? = nil
    ) {
        let ledger = ledger ?? UsageLedger(store: store)
        self.ledger = ledger
        self.store = store
        self.pool = pool
        self.drivers = drivers
        self.queueTimeout = queueTimeout
        trials = AccountTrials(store: store, drivers: drivers, log: log, ledger: ledger)
        self.log = log
        self.limits = TurnLimits(store: store, settings: limits, prices: ledger.prices, queueTimeout: queueTimeout)
        catalogue = ModelCatalogue(accounts: pool.accounts, store: store, drivers: drivers, log: log)
    }

    /// An answer that has begun, and what the turn holds for it.
    struct Opened {
        var lease: AccountLease
        var reply: UpstreamReply
        /// What is reserved of the limits of the account, its pool and the model.
        var hold: LimitHold?
    }

    /// Sends a prompt, and returns when the first of the candidates that takes it has begun to answer.
    ///
    /// - Parameter bill: Makes the rows of tries that fail.
    /// - Throws: ``GatewayError`` with the time of the next try, where there is one.
    func open(
        _ prompt: UpstreamPrompt, to candidates: Candidates, requestID: String, _ allowance: TurnAllowance, bill: Bill
    ) async throws -> Opened {
        let members = try await members(candidates, model: prompt.model)
        var failures = TurnFailures()
        while true {
            let start = Timestamp.now
            switch try await attempt(prompt, candidates, among: members, after: failures, allowance) {
            case .answering(let opened): return opened
            case .exhausted: throw failures.callerError
            case .failed(let account, let hold, let error):
                if let row = bill.row(of: error, from: account, at: start) {
                    allowance.add(row)
                    defer { hold?.settle(LimitHold.End(of: [row])) }
                    try await store.note([row], by: bill.request.user)
                } else {
                    hold?.settle(.nothing)
                }
                let noted = try await note(error, of: account, by: prompt.user ?? "", requestID: requestID)
                if let refusal = refusal(for: error, candidates, noted.health) { throw refusal }
                failures.add(error, of: account, noted.trial)
                if failures.tried.count < members.count, await failures.areOwn() { throw failures.callerError }
            }
        }
    }

    private enum Attempt {
        case answering(Opened)
        /// Its slot is free again.
        case failed(Account, LimitHold?, UpstreamError)
        /// Every account that could be used was tried.
        case exhausted
    }

    private func attempt(
        _ prompt: UpstreamPrompt, _ candidates: Candidates, among members: [Account], after failures: TurnFailures,
        _ allowance: TurnAllowance
    ) async throws -> Attempt {
        guard
            let (lease, hold) = try await reserve(candidates, members, after: failures, prompt.model, allowance)
        else { return .exhausted }
        do throws(UpstreamError) {
            let prompt = bounded(prompt, allowance, hold)
            let reply = try await drivers.driver(for: lease.account).send(prompt, to: lease.account)
            return .answering(Opened(lease: lease, reply: reply, hold: hold))
        } catch {
            return .failed(lease.account, hold, error)
        }
    }

    /// The prompt with an end of its answer, where tokens are limited.
    private func bounded(_ prompt: UpstreamPrompt, _ allowance: TurnAllowance, _ hold: LimitHold?) -> UpstreamPrompt {
        guard allowance.limitsTokens || hold.map(limits.limitsTokens) ?? false else { return prompt }
        let most = min(allowance.hold.completion, hold?.completion ?? .max)
        return prompt.with(mostCompletion: max(1, most / allowance.size.choices))
    }

    /// Takes an account that its limits let answer.
    ///
    /// One at a limit is passed over like one whose slots are full.
    ///
    /// - Returns: Nil when every account that could be used has been tried.
    private func reserve(
        _ candidates: Candidates, _ members: [Account], after failures: TurnFailures, _ model: String?,
        _ allowance: TurnAllowance
    ) async throws -> (AccountLease, LimitHold?)? {
        var limited = LimitedAccounts()
        let end = ContinuousClock.now + queueTimeout
        while true {
            let lease: AccountLease?
            do {
                lease = try await reserve(candidates, members, after: failures, limited)
            } catch let error as GatewayError {
                guard !limited.isEmpty, error.code == .noAccountAvailable || error.code == .accountUnavailable else {
                    throw error
                }
                lease = nil
            }
            if let lease {
                switch try await limits.reserve(lease.account, model, for: allowance) {
                case nil: return (lease, nil)
                case .granted(let hold): return (lease, hold)
                case .refused(let report): limited.add(lease.account, report)
                }
                continue
            }
            guard failures.isEmpty, !limited.isEmpty else { return nil }
            guard limited.mayFree, ContinuousClock.now < end else { throw limited.error }
            limited.forget()
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// - Returns: Nil when every account that could be used has been tried.
    private func reserve(
        _ candidates: Candidates, _ members: [Account], after failures: TurnFailures, _ limited: LimitedAccounts
    ) async throws -> AccountLease? {
        let purpose: AccountChoice.Purpose
        switch candidates {
        case .callerToken(let token):
            guard let slot = try await store.lease(.upstreamUser(token.upstreamUser), timeout: queueTimeout) else {
                throw GatewayError.accessTokenBusy
            }
            return AccountLease(account: token.account, slot: slot)
        case .account: purpose = .followUp
        case .pool(let kind): purpose = .round(pool.round(kind, among: members))
        }
        let choice = AccountChoice(purpose, among: members, excluding: failures.tried.union(limited.ids))
        // Who has already waited for an account that failed does not wait long for the next.
        var timeout = failures.isEmpty ? queueTimeout : min(queueTimeout, .seconds(5))
        // Those that are passed over are looked at again soon.
        if limited.mayFree { timeout = min(timeout, .milliseconds(100)) }
        switch try await store.reserve(choice, timeout: timeout) {
        case .reserved(let lease): return lease
        case .busy where failures.isEmpty: throw GatewayError.allAccountsBusy
        case .busy: return nil
        case .unavailable(let health):
            if case .account(let id) = candidates {
                throw health[id]?.remainingRest(at: .now).map(GatewayError.accountResting) ?? .accountGone
            }
            guard failures.isEmpty || failures.areLimits else { return nil }
            throw AccountPool.unavailable(members, health: health, at: .now)
        }
    }

    /// What the caller is told after a failure; nil where the next account may be tried.
    private func refusal(
        for error: UpstreamError, _ candidates: Candidates, _ health: AccountHealth?
    ) -> GatewayError? {
        switch candidates {
        case .pool:
            let isFinal = error.kind == .cancelled || error.failure == .callerFault || error.mayBeAccepted
            return isFinal ? error.gatewayError : nil
        case .account:
            let isLimit = error.failure == .rateLimited || error.failure == .quota
            let pause = isLimit ? health?.remainingRest(at: .now) : nil
            return pause.map(GatewayError.accountResting) ?? error.gatewayError
        case .callerToken: return error.callerTokenError
        }
    }

    /// Notes a failure in the account's shared state.
    ///
    /// - Parameter caller: Who sent the request: the digest of its archive.
    /// - Returns: The account's health after it, where it is the account's or may be; and what finds that out, where it
    ///   is not known.
    @discardableResult
    func note(
        _ error: UpstreamError, of account: Account, by caller: String, requestID: String
    ) async throws -> (health: AccountHealth?, trial: AccountTrials.Trial?) {
        guard error.kind != .cancelled else { return (nil, nil) }
        log.notice(
            "upstream failed",
            metadata: [
                "request_id": "\(requestID)", "account": "\(account.id)", "class": "\(error.failure.rawValue)",
                "reason": "\(error.reason)",
            ])
        guard error.failure != .callerFault, error.failure != .modelUnavailable, !account.isEphemeral else {
            return (nil, nil)
        }
        let health = try await store.noteAccount(account, .failure(error, caller: caller))
        let trial = error.failure == .transient ? trials.begin(on: account, after: error, health) : nil
        return (health, trial)
    }

    /// Notes that a turn went well.
    func noteSuccess(of account: Account) async throws {
        if !account.isEphemeral { try await store.noteAccount(account, .success) }
    }

    // MARK: Models

    /// Whether `model` can be asked for there.
    func mayAnswer(_ candidates: Candidates, _ model: String) async throws -> Bool {
        let accounts: [Account]
        switch candidates {
        case .pool(let kind): accounts = pool.members(kind)
        case .account(let id): accounts = [pool.account(id)].compactMap(\.self)
        case .callerToken: return false
        }
        for account in accounts where await catalogue.offers(model, account) == true { return true }
        return false
    }

    /// The chat models that the accounts of `kind` offer, each once, in the order of the accounts.
    func models(of kind: AccountPool.Kind) async -> [String] { await catalogue.models(of: pool.members(kind)) }

    /// The chat models that `candidates` offer.
    func models(of candidates: Candidates) async throws -> [String] {
        await catalogue.models(of: try await members(candidates, model: nil))
    }

    private func members(_ candidates: Candidates, model: String?) async throws -> [Account] {
        switch candidates {
        case .pool(let kind): return try await members(kind, model: model)
        case .account(let id):
            guard let account = pool.account(id) else { throw GatewayError.accountGone }
            return [account]
        case .callerToken(let token): return [token.account]
        }
    }

    /// The accounts of `kind` that offer `model`.
    ///
    /// One whose models are not known may have it, and is asked where none is up that is known to.
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
            throw GatewayError.modelNotFound
        }
        if possible.isEmpty { return known }
        for account in known {
            let health = try await store.health(of: account.id)
            if !health.isOut(at: .now, fingerprint: account.fingerprint) { return known }
        }
        return known + possible
    }
}

extension GatewayError {
    fileprivate static let accountGone = GatewayError(
        .accountUnavailable,
        "The account that began this conversation is not available. The conversation is kept; start a new one.")

    fileprivate static func accountResting(for pause: Duration) -> GatewayError {
        GatewayError(
            .accountResting,
            "The account of this conversation is resting. Try again later, or start a new conversation.",
            retryAfter: pause)
    }

    fileprivate static let allAccountsBusy = GatewayError(
        .noAccountAvailable, "All accounts are busy. Try again in a moment.", retryAfter: .seconds(1))

    fileprivate static let accessTokenBusy = GatewayError(
        .rateLimited, "Another message is being answered with this access token. Wait for it.",
        retryAfter: .seconds(1))
}
