/// Failures of an account that may be the fault of the requests that met them, since it was last seen well.
///
/// A suspect account is asked after all others, but it is asked: only a rest takes it out.
package struct AccountSuspicion: Sendable, Equatable {
    /// The last failure, as a short phrase for the operator.
    package var reason: String
    /// Who met them, each once and at most ``mostCallers``, by the digests of their archives.
    package var callers: [String] = []
    package var failures = 0
    /// Until then other accounts come first.
    package var avoidedUntil: Timestamp

    private static let mostCallers = 4
    private static let longestAvoidance = Duration.seconds(60)
    /// After so long without a failure those before are forgotten.
    private static let memory = Duration.seconds(600)

    init(reason: String, at now: Timestamp) {
        self.reason = reason
        avoidedUntil = now
    }

    /// Whether so many different callers met failures that these are not one caller's doing.
    var isShared: Bool { callers.count > 1 }

    /// A clock that was set back does not make it longer.
    func isAvoided(at now: Timestamp) -> Bool {
        let left = avoidedUntil - now
        return left > .zero && left <= Self.longestAvoidance
    }

    mutating func note(_ reason: String, by caller: String, at now: Timestamp) {
        // What is long past, or of a clock that was set back, has nothing to do with this.
        if !(Self.memory * -1...Self.longestAvoidance).contains(avoidedUntil - now) {
            self = Self(reason: reason, at: now)
        }
        self.reason = reason
        if callers.count < Self.mostCallers, !callers.contains(caller) { callers.append(caller) }
        avoidedUntil = now + min(.seconds(5) * (1 << min(failures, 8)), Self.longestAvoidance)
        failures = min(failures + 1, 1000)
    }

    var record: JSON {
        [
            "reason": JSON(reason), "callers": .array(callers.map { JSON($0) }), "failures": JSON(failures),
            "avoided_until": JSON(avoidedUntil.rfc3339),
        ]
    }

    init?(record: JSON?) {
        guard let record, let until = record["avoided_until"]?.string.flatMap(Timestamp.init(rfc3339:)) else {
            return nil
        }
        reason = record["reason"]?.string ?? ""
        callers = (record["callers"]?.array ?? []).prefix(Self.mostCallers).compactMap(\.string)
        failures = max(0, record["failures"]?.int ?? 0)
        avoidedUntil = until
    }
}
