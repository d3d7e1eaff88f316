/// What the accounts said that one turn was sent to in vain.
struct TurnFailures: Sendable {
    /// On so many accounts that are well a turn may fail; then it is the turn's own fault.
    static let most = 2
    /// After this no further trial is waited for.
    private static let timeout = Duration.seconds(10)

    private let start = ContinuousClock.now
    private(set) var tried: Set<Account.ID> = []
    private var trials: [AccountTrials.Trial] = []
    private var last: UpstreamError?
    /// The last that may be the turn's own fault, which tells a caller more than that other accounts rest.
    private var own: UpstreamError?

    var isEmpty: Bool { tried.isEmpty }

    /// Whether all of them turned the turn away because of what was sent before it.
    var areLimits: Bool { own == nil && (last?.failure == .rateLimited || last?.failure == .quota) }

    /// What the caller is told when no account is left.
    var callerError: GatewayError {
        (own ?? last ?? UpstreamError(.unreachable, .transient, "no account")).gatewayError
    }

    mutating func add(_ error: UpstreamError, of account: Account, _ trial: AccountTrials.Trial?) {
        tried.insert(account.id)
        last = error
        guard let trial else { return }
        own = error
        trials.append(trial)
    }

    /// Whether the turn is at fault, so that no further account is troubled with it.
    ///
    /// Waits until it is known whether the accounts are well, a few seconds at most.
    func areOwn() async -> Bool {
        guard trials.count >= Self.most else { return false }
        guard ContinuousClock.now - start < Self.timeout else { return true }
        var count = 0
        for trial in trials where await trial.value != .guilty { count += 1 }
        return count >= Self.most
    }
}
