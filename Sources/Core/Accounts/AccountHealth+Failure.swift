extension AccountHealth {
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
        case .resting(let until) where until > now: return
        case .ready where failures == 0: return
        default:
            state = .ready
            failures = 0
            reason = ""
            changedAt = now
        }
    }

    private mutating func rest(_ duration: Duration, from now: Timestamp) {
        let until = now + min(max(duration, .seconds(1)), .seconds(86_400))
        // A rest that another worker noted is never shortened.
        if case .resting(let other) = state, other > until { return }
        state = .resting(until: until)
    }
}
