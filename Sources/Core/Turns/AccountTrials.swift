import Logging
import Synchronization

/// Finds out whose fault the failures of accounts are: the accounts' or their requests'.
///
/// A failure alone rests nobody, because a request can be such that every account fails on it. What decides is
/// evidence that does not come from the request: another turn that goes well, or else a probe, which one worker makes
/// for all and whose outcome holds for a moment. Where no probe can be made, failures of different callers decide.
final class AccountTrials: Sendable {
    enum Verdict: Sendable {
        /// The account is at fault, and out.
        case guilty
        /// The request is at fault.
        case innocent
        /// Nothing is proved; the account is asked after all others for a while.
        case undecided
    }

    typealias Trial = Task<Verdict, Never>

    private let store: any Store
    private let probe: AccountProbe
    private let log: Logger
    /// One an account, so callers who see failures at the same time wait for the same.
    private let running = Mutex<[Account.ID: Trial]>([:])

    /// How long a probe may take.
    private static let patience = Duration.seconds(4)
    /// Before the second try where nothing could be sent.
    private static let pause = Duration.milliseconds(200)

    init(store: any Store, drivers: UpstreamDrivers, log: Logger) {
        self.store = store
        probe = AccountProbe(store: store, drivers: drivers)
        self.log = log
    }

    /// Notes that `account` failed on a request of `caller`, and begins to find out why; nobody has to wait for it.
    func begin(on account: Account, after error: UpstreamError, by caller: String) async throws -> Trial {
        let now = Timestamp.now
        let health = try await store.health(of: account.id)
        if health.isOut(at: now, fingerprint: account.fingerprint) { return Trial { .guilty } }
        if health.wasAcquitted(at: now) { return Trial { .innocent } }
        try await store.updateHealth(of: account.id) { health in
            health.suspect(error.reason, by: caller, at: now)
            guard !account.mayBeProbed else { return }
            // What fails before the prompt is sent, or for a time that the upstream's driver names, is not of the prompt.
            guard !error.wasSent || error.retryAfter != nil || health.suspicion?.isShared == true else { return }
            health.note(error, of: account, at: now)
        }
        guard account.mayBeProbed else {
            let verdict = try await verdict(on: account)
            return Trial { verdict }
        }
        let executor = withUnsafeCurrentTask { $0?.unownedTaskExecutor?.asTaskExecutor() }
        return running.withLock { running in
            if let trial = running[account.id] { return trial }
            let trial = Trial(executorPreference: executor) { [self] in
                let verdict = await hold(on: account, after: error)
                self.running.withLock { $0[account.id] = nil }
                return verdict
            }
            running[account.id] = trial
            return trial
        }
    }

    private func hold(on account: Account, after error: UpstreamError) async -> Verdict {
        do {
            if !error.wasSent { try await Task.sleep(for: Self.pause) }
            let end = ContinuousClock.now + Self.patience
            guard let lease = try await lease(of: account, until: end) else { return try await verdict(on: account) }
            defer { withExtendedLifetime(lease) {} }
            // Another worker may have found out, or another turn gone well, in the meantime.
            let verdict = try await verdict(on: account)
            guard verdict == .undecided else { return verdict }
            return try await take(probe(account, until: end), of: account, suspectedFor: error)
        } catch {
            log.error(
                "a suspect account could not be tried", metadata: ["account": "\(account.id)", "error": "\(error)"])
            return .undecided
        }
    }

    /// Waits for whoever tries the account now.
    private func lease(of account: Account, until end: ContinuousClock.Instant) async throws -> Lease? {
        while ContinuousClock.now < end {
            if let lease = try await store.leaseProbe(of: account.id) { return lease }
            try await Task.sleep(for: .milliseconds(50))
        }
        return nil
    }

    /// Tries the account as soon as it has a free slot.
    private func probe(_ account: Account, until end: ContinuousClock.Instant) async throws -> AccountProbe.Outcome {
        while true {
            let outcome = try await probe.run(on: account, within: Self.patience)
            guard outcome == .busy, ContinuousClock.now < end else { return outcome }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func take(
        _ outcome: AccountProbe.Outcome, of account: Account, suspectedFor error: UpstreamError
    ) async throws -> Verdict {
        log.notice("tried a suspect account", metadata: ["account": "\(account.id)", "outcome": "\(outcome.name)"])
        try await store.updateHealth(of: account.id) { health in
            // A turn that went well while the probe failed says more than the probe.
            guard let suspicion = health.suspicion else { return }
            switch outcome {
            case .passed: health.acquit(at: .now)
            case .failed(let failure):
                switch failure.failure {
                // It answers, though not this.
                case .callerFault where failure.kind != .cancelled, .modelUnavailable: health.acquit(at: .now)
                case .callerFault: break
                case .transient, .rateLimited, .quota, .credential: health.note(failure, of: account, at: .now)
                }
            case .busy, .late: if suspicion.isShared { health.note(error, of: account, at: .now) }
            }
        }
        return try await verdict(on: account)
    }

    private func verdict(on account: Account) async throws -> Verdict {
        let health = try await store.health(of: account.id)
        if health.isOut(at: .now, fingerprint: account.fingerprint) { return .guilty }
        return health.suspicion == nil ? .innocent : .undecided
    }
}

extension Account {
    /// A probe of the web backend would make a conversation there, and cost one of the few messages.
    fileprivate var mayBeProbed: Bool {
        switch kind {
        case .openAI: true
        case .chatGPT: false
        }
    }
}

extension AccountProbe.Outcome {
    fileprivate var name: String {
        switch self {
        case .passed: "passed"
        case .failed(let error): "failed: \(error.reason)"
        case .busy: "busy"
        case .late: "late"
        }
    }
}
