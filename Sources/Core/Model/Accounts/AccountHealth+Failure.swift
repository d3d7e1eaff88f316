extension AccountHealth {
    /// The state after a failure that is the account's.
    package mutating func note(_ error: UpstreamError, of account: Account, at now: Timestamp) {
        let before = state
        note(
            error.failure, reason: error.reason, retryAfter: error.retryAfter, fingerprint: account.fingerprint, at: now
        )
        if state != before { isRateLimited = error.status == 429 && error.failure != .transient }
    }

    /// Notes a failure that may be the fault of the request that `caller` sent.
    package mutating func suspect(_ reason: String, by caller: String, at now: Timestamp) {
        var suspicion = suspicion ?? AccountSuspicion(reason: reason, at: now)
        suspicion.note(reason, by: caller, at: now)
        self.suspicion = suspicion
    }

    /// Ends a suspicion, because something else showed that the account is well.
    package mutating func acquit(at now: Timestamp) {
        suspicion = nil
        acquittedAt = now
    }

    /// The state after a failure.
    ///
    /// - Parameter retryAfter: What the upstream asked for; at most a day of it is believed.
    package mutating func note(
        _ failure: FailureClass, reason: String, retryAfter: Duration?, fingerprint: String, at now: Timestamp
    ) {
        // What a person decided outlasts what a turn that was still running ran into.
        guard !isByPerson else { return }
        // A turn that began before the disabling does not end it by failing in another way.
        if state == .disabled, self.fingerprint == fingerprint { return }
        let growth = 1 << min(failures, 8)
        switch failure {
        case .callerFault, .modelUnavailable: return
        case .transient:
            rest(retryAfter ?? min(.seconds(5) * growth, .seconds(60)), from: now)
        case .rateLimited:
            rest(retryAfter ?? min(.seconds(30) * growth, .seconds(1800)), from: now)
        case .quota:
            rest(retryAfter ?? min(.seconds(600) * growth, .seconds(21_600)), from: now)
        case .credential: state = .disabled
        }
        failures += 1
        suspicion = nil
        changedAt = now
        self.reason = reason
        self.fingerprint = fingerprint
    }

    /// The state after a turn that went well.
    ///
    /// A turn that began before a rest or a disabling says nothing against it.
    package mutating func noteSuccess(at now: Timestamp) {
        switch state {
        case .disabled: return
        case .resting where remainingRest(at: now) != nil: return
        case .ready where failures == 0 && suspicion == nil: return
        default:
            if suspicion != nil { acquit(at: now) }
            state = .ready
            restLength = nil
            isRateLimited = false
            failures = 0
            reason = ""
            changedAt = now
        }
    }

    private mutating func rest(_ duration: Duration, from now: Timestamp) {
        let length = min(max(duration, .seconds(1)), Self.longestRest)
        // A rest that another worker noted is never shortened.
        if let left = remainingRest(at: now), left > length { return }
        state = .resting(until: now + length)
        // In records it has whole seconds.
        restLength = .seconds(length.wholeSeconds)
    }
}
