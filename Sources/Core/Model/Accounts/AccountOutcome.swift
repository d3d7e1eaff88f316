/// What was learnt about an account.
package enum AccountOutcome: Sendable {
    /// A turn went well.
    case success
    /// A turn of `caller`, the digest of an archive, failed through the account's or the upstream's fault.
    case failure(UpstreamError, caller: String)
    /// What came of trying an account that `suspicion` made suspect.
    case probed(ProbeOutcome, suspicion: UpstreamError)
    /// An administrator's test.
    case tested(ProbeOutcome)
    case enabled
    case disabled
}

/// What came of one tiny turn.
package enum ProbeOutcome: Sendable, Equatable {
    case passed
    case failed(UpstreamError)
    /// All slots of the account are taken.
    case busy
    /// Nothing was heard in time.
    case late
}

/// An account as admins see it.
package struct AccountStatus: Sendable {
    package var health: AccountHealth
    /// Turns that run now, over all workers.
    package var inFlight: Int
    /// Turns that went well.
    package var requests: Int
    /// Attempts that failed through the account's or the upstream's fault.
    package var errors: Int
}

extension Account {
    /// A probe of the web backend would make a conversation there, and cost one of the few messages.
    package var mayBeProbed: Bool {
        switch kind {
        case .openAI: true
        case .chatGPT: false
        }
    }
}

extension AccountHealth {
    /// The state after `outcome`.
    package mutating func note(_ outcome: AccountOutcome, of account: Account, at now: Timestamp) {
        switch outcome {
        case .success: noteSuccess(at: now)
        case .failure(let error, let caller):
            if error.failure == .transient {
                suspect(error, of: account, by: caller, at: now)
            } else {
                note(error, of: account, at: now)
            }
        case .probed(let probe, let error): take(probe, of: account, suspectedFor: error, at: now)
        case .tested(.passed), .enabled:
            if case .tested = outcome, isByPerson { return }
            self = AccountHealth()
            changedAt = now
        case .tested(.failed(let error)): note(error, of: account, at: now)
        case .tested: break
        case .disabled: disable(at: now)
        }
    }

    /// Notes a failure of which nobody knows yet whether it is the account's.
    private mutating func suspect(_ error: UpstreamError, of account: Account, by caller: String, at now: Timestamp) {
        // It is known to be the account's, or was shown a moment ago not to be.
        if isOut(at: now, fingerprint: account.fingerprint) || wasAcquitted(at: now) { return }
        suspect(error.reason, by: caller, at: now)
        guard !account.mayBeProbed else { return }
        // What fails before the prompt is sent, or for a time that the upstream's driver names, is not of the prompt.
        guard !error.wasSent || error.retryAfter != nil || suspicion?.isShared == true else { return }
        note(error, of: account, at: now)
    }

    private mutating func take(
        _ probe: ProbeOutcome, of account: Account, suspectedFor error: UpstreamError, at now: Timestamp
    ) {
        // A turn that went well while the probe failed says more than the probe.
        guard let suspicion else { return }
        switch probe {
        case .passed: acquit(at: now)
        case .failed(let failure):
            switch failure.failure {
            // It answers, though not this.
            case .callerFault where failure.kind != .cancelled, .modelUnavailable: acquit(at: now)
            case .callerFault: break
            case .transient, .rateLimited, .quota, .credential: note(failure, of: account, at: now)
            }
        case .busy, .late: if suspicion.isShared { note(error, of: account, at: now) }
        }
    }
}
