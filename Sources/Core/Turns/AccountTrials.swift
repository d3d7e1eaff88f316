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
    private static let timeout = Duration.seconds(4)
    /// Before the second try where nothing could be sent.
    private static let pause = Duration.milliseconds(200)

    init(store: any Store, drivers: UpstreamDrivers, log: Logger, ledger: UsageLedger? = nil) {
        self.store = store
        probe = AccountProbe(store: store, drivers: drivers, ledger: ledger ?? UsageLedger(store: store))
        self.log = log
    }

    /// Begins to find out why `account` failed, for which nobody has to wait.
    ///
    /// - Parameter health: With the failure noted.
    func begin(on account: Account, after error: UpstreamError, _ health: AccountHealth) -> Trial {
        let known = verdict(on: account, health)
        guard known == .undecided, account.mayBeProbed else { return Trial { known } }
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
            let end = ContinuousClock.now + Self.timeout
            // Waits for whoever tries the account now.
            guard let lease = try await store.lease(.probe(account.id), timeout: Self.timeout) else {
                return try await verdict(on: account)
            }
            defer { withExtendedLifetime(lease) {} }
            // Another worker may have found out, or another turn gone well, in the meantime.
            let verdict = try await verdict(on: account)
            guard verdict == .undecided else { return verdict }
            let outcome = try await probe.run(on: account, waiting: end - .now, within: Self.timeout)
            log.notice(
                "tried a suspect account", metadata: ["account": "\(account.id)", "outcome": "\(outcome.name)"])
            return self.verdict(on: account, try await store.noteAccount(account, .probed(outcome, suspicion: error)))
        } catch {
            log.error(
                "a suspect account could not be tried", metadata: ["account": "\(account.id)", "error": "\(error)"])
            return .undecided
        }
    }

    private func verdict(on account: Account) async throws -> Verdict {
        verdict(on: account, try await store.health(of: account.id))
    }

    private func verdict(on account: Account, _ health: AccountHealth) -> Verdict {
        if health.isOut(at: .now, fingerprint: account.fingerprint) { return .guilty }
        return health.suspicion == nil ? .innocent : .undecided
    }
}

extension ProbeOutcome {
    fileprivate var name: String {
        switch self {
        case .passed: "passed"
        case .failed(let error): "failed: \(error.reason)"
        case .busy: "busy"
        case .late: "late"
        }
    }
}
