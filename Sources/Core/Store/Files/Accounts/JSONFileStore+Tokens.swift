extension JSONFileStore {
    package func upstreamToken(of account: Account.ID) throws(StoreError) -> StoredToken? {
        do throws(StoreError) { return try read(layout.token(account)).flatMap(StoredToken.init(record:)) } catch {
            guard error.kind == .corrupt else { throw error }
            // It can be had again by a sign-in.
            log.error("a token record is corrupt and is taken as absent", metadata: ["account": "\(account)"])
            return nil
        }
    }

    package func keepUpstreamToken(_ token: StoredToken, of account: Account.ID) throws(StoreError) {
        try AtomicFile.write(token.record.bytes, to: layout.token(account), durable: isDurable)
    }

    package func consumeAttempt(
        of key: APIKey.Digest, limit: Int, within period: Duration
    ) throws(StoreError) -> Duration? {
        try layout.lock("tries", key).withLock { () throws(StoreError) in
            // Taken under the lock: what another worker noted while this one waited for it is not of the future.
            let now = Timestamp.now
            var attempts = recentAttempts(key, since: now + period * -1, until: now)
            let own = attempts[key] ?? []
            if own.count >= limit, let first = own.min() { return min(first + period - now, period) }
            attempts[key] = own + [now]
            var record = JSONObject()
            for (key, moments) in attempts.sorted(by: { $0.key < $1.key }) {
                record[key] = .array(moments.map { JSON($0.rfc3339) })
            }
            try AtomicFile.write(JSON.object(record).bytes, to: layout.tries(key), durable: false)
            return nil
        }
    }

    /// The attempts of all keys in one file that are not older than `start`; a corrupt file begins anew.
    ///
    /// Those after `now` are of a clock that was set back since then, and do not count.
    private func recentAttempts(
        _ key: APIKey.Digest, since start: Timestamp, until now: Timestamp
    ) -> [APIKey.Digest: [Timestamp]] {
        let record = (try? read(layout.tries(key)))?.object ?? JSONObject()
        var attempts: [APIKey.Digest: [Timestamp]] = [:]
        for member in record.members {
            let moments = (member.value.array ?? []).compactMap { $0.string.flatMap(Timestamp.init(rfc3339:)) }
            let recent = moments.filter { $0 > start && $0 <= now }
            if !recent.isEmpty { attempts[member.name] = recent }
        }
        return attempts
    }
}
