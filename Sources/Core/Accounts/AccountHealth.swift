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

    package init() {}

    /// Whether nothing has to be remembered of the account.
    package var isUntouched: Bool { state == .ready && failures == 0 }

    /// Whether the account is out at `now`; a disabling applies only to the settings that it was seen with.
    package func isOut(at now: Timestamp, fingerprint: String) -> Bool {
        switch state {
        case .ready: false
        case .resting(let until): until > now
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
    }
}
