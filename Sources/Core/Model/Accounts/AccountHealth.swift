/// Whether an account may be used, as all workers know it.
///
/// No record means that nothing is wrong.
package struct AccountHealth: Sendable, Equatable {
    package enum State: Sendable, Equatable {
        case ready
        /// Out until that moment.
        case resting(until: Timestamp)
        /// Out until a person acts or the account's settings change.
        case disabled
    }

    package var state: State = .ready
    /// A short phrase for the operator; never an upstream's body.
    package var reason = ""
    /// Failures since the last success; rests grow with it.
    package var failures = 0
    package var changedAt: Timestamp = .now
    /// The account's settings to which this applies: others cure what was disabled by a failure.
    package var fingerprint = ""
    /// Disabled by a person, and so until a person enables it.
    package var isByPerson = false
    /// How long the rest is in all; nil where that is not known, as in records of the first version.
    package var restLength: Duration?
    /// Whether it rests because the upstream counts its requests (status 429).
    package var isRateLimited = false
    /// Failures of which nobody knows yet whether they are the account's; nil if there are none.
    package var suspicion: AccountSuspicion?
    /// When a suspicion was last proved wrong.
    package var acquittedAt: Timestamp?

    /// No rest is longer.
    static let longestRest = Duration.seconds(86_400)
    /// How long the proof that an account is well holds.
    static let acquittalLife = Duration.seconds(3)

    package init() {}

    /// Whether nothing has to be remembered of the account.
    package var isUntouched: Bool { state == .ready && failures == 0 && suspicion == nil }

    /// What is left of a rest; nil if there is none.
    ///
    /// When more is left than the rest was long, the clock was set back since then, and the rest is over. A second is
    /// left to clocks that are set right by a little.
    package func remainingRest(at now: Timestamp) -> Duration? {
        guard case .resting(let until) = state else { return nil }
        let left = until - now
        let length = restLength ?? Self.longestRest
        return left > .zero && left <= length + .seconds(1) ? min(left, length) : nil
    }

    /// Whether the account was shown to be well a moment ago.
    func wasAcquitted(at now: Timestamp) -> Bool {
        guard let acquittedAt else { return false }
        let age = now - acquittedAt
        return age >= .zero && age < Self.acquittalLife
    }

    /// Whether the account is out at `now`; a disabling applies only to the settings that it was seen with.
    package func isOut(at now: Timestamp, fingerprint: String) -> Bool {
        switch state {
        case .ready: false
        case .resting: remainingRest(at: now) != nil
        case .disabled: isByPerson || self.fingerprint == fingerprint || self.fingerprint.isEmpty
        }
    }

    /// Takes the account out until a person enables it.
    package mutating func disable(at now: Timestamp) {
        self = AccountHealth()
        state = .disabled
        isByPerson = true
        reason = "disabled by an administrator"
        changedAt = now
    }

    package var record: JSON {
        var object = JSONObject()
        switch state {
        case .ready: object["state"] = "ready"
        case .resting(let until):
            object["state"] = "resting"
            object["until"] = JSON(until.rfc3339)
        case .disabled: object["state"] = "disabled"
        }
        object["reason"] = JSON(reason)
        object["failures"] = JSON(failures)
        object["changed_at"] = JSON(changedAt.rfc3339)
        object["fingerprint"] = JSON(fingerprint)
        if isByPerson { object["by_person"] = true }
        if let restLength { object["rest_seconds"] = JSON(restLength.wholeSeconds) }
        if isRateLimited { object["rate_limited"] = true }
        if let suspicion { object["suspicion"] = suspicion.record }
        if let acquittedAt { object["acquitted_at"] = JSON(acquittedAt.rfc3339) }
        return .object(object)
    }

    package init?(record: JSON) {
        guard let name = record["state"]?.string, let failures = record["failures"]?.int,
            let changedAt = record["changed_at"]?.string.flatMap(Timestamp.init(rfc3339:))
        else { return nil }
        switch name {
        case "ready": state = .ready
        case "resting":
            guard let until = record["until"]?.string.flatMap(Timestamp.init(rfc3339:)) else { return nil }
            state = .resting(until: until)
        case "disabled": state = .disabled
        default: return nil
        }
        reason = record["reason"]?.string ?? ""
        fingerprint = record["fingerprint"]?.string ?? ""
        isByPerson = record["by_person"]?.bool ?? false
        self.failures = max(0, failures)
        self.changedAt = changedAt
        restLength = record["rest_seconds"]?.int.map { .seconds($0) }
        // The first version kept no length, but when the rest was noted.
        if restLength == nil, case .resting(let until) = state {
            restLength = .seconds((until - changedAt).wholeSeconds)
        }
        restLength = restLength.map { min(max($0, .zero), Self.longestRest) }
        isRateLimited = record["rate_limited"]?.bool ?? false
        suspicion = AccountSuspicion(record: record["suspicion"])
        acquittedAt = record["acquitted_at"]?.string.flatMap(Timestamp.init(rfc3339:))
    }
}
