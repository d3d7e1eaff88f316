/// The last sign-in of an account as all workers know it: its token, or why there is none.
package struct StoredToken: Sendable, Equatable {
    /// The account's settings to which this belongs; with others it does not count.
    package var fingerprint: String
    package var accessToken: Secret?
    package var expiresAt: Timestamp
    package var obtainedAt: Timestamp
    package var sessionToken: Secret?
    package var refreshToken: Secret?
    /// Tokens in a row that were refused soon after they had been given.
    package var earlyRefusals = 0
    /// Sign-ins in a row that failed.
    package var failures = 0
    /// No sign-in is tried before this moment.
    package var notBefore: Timestamp?

    package init(fingerprint: String, at now: Timestamp = .now) {
        self.fingerprint = fingerprint
        expiresAt = now
        obtainedAt = now
    }

    /// Whether the access token may be used for a while.
    ///
    /// Up to five minutes are left unused, so that a long answer does not outlive its token.
    package func isFresh(at now: Timestamp) -> Bool {
        guard accessToken != nil else { return false }
        let life = expiresAt - obtainedAt
        return now < expiresAt + min(.seconds(300), life / 10) * -1
    }

    /// The longest time for which no sign-in is tried.
    private static let longestPause = Duration.seconds(3600)

    /// How long no sign-in is to be tried; a clock that was set back since then ends it.
    package func pause(at now: Timestamp) -> Duration? {
        guard let notBefore, notBefore > now, notBefore - now <= Self.longestPause else { return nil }
        return notBefore - now
    }

    /// Notes a sign-in that failed: a minute of rest, more after each further one, an hour at most.
    package mutating func noteFailure(at now: Timestamp) {
        failures += 1
        notBefore = now + min(.seconds(60) * (1 << min(failures - 1, 6)), Self.longestPause)
    }

    /// Notes that the token was refused though it should have been good.
    ///
    /// The first time another one is got at once, but a service that refuses each is not asked without end.
    package mutating func noteRefusal(at now: Timestamp) {
        let isEarly = (.zero..<Duration.seconds(600)).contains(now - obtainedAt)
        earlyRefusals = isEarly ? earlyRefusals + 1 : 0
        accessToken = nil
        if earlyRefusals > 1 {
            notBefore = now + min(.seconds(60) * (1 << min(earlyRefusals - 2, 6)), Self.longestPause)
        }
    }

    package var record: JSON {
        var object = JSONObject()
        object["fingerprint"] = JSON(fingerprint)
        if let accessToken { object["access_token"] = JSON(accessToken.value) }
        object["expires_at"] = JSON(expiresAt.rfc3339)
        object["obtained_at"] = JSON(obtainedAt.rfc3339)
        if let sessionToken { object["session_token"] = JSON(sessionToken.value) }
        if let refreshToken { object["refresh_token"] = JSON(refreshToken.value) }
        object["early_refusals"] = JSON(earlyRefusals)
        object["failures"] = JSON(failures)
        if let notBefore { object["not_before"] = JSON(notBefore.rfc3339) }
        return .object(object)
    }

    package init?(record: JSON) {
        guard let fingerprint = record["fingerprint"]?.string,
            let expiresAt = record["expires_at"]?.string.flatMap(Timestamp.init(rfc3339:)),
            let obtainedAt = record["obtained_at"]?.string.flatMap(Timestamp.init(rfc3339:))
        else { return nil }
        self.fingerprint = fingerprint
        self.expiresAt = expiresAt
        self.obtainedAt = obtainedAt
        accessToken = record["access_token"]?.string.map(Secret.init)
        sessionToken = record["session_token"]?.string.map(Secret.init)
        refreshToken = record["refresh_token"]?.string.map(Secret.init)
        earlyRefusals = max(0, record["early_refusals"]?.int ?? 0)
        failures = max(0, record["failures"]?.int ?? 0)
        notBefore = record["not_before"]?.string.flatMap(Timestamp.init(rfc3339:))
    }
}
