import Glibc
import Synchronization

/// Whose names this process knows to be noted.
final class NamedUsers: Sendable {
    private static let most = 100_000
    private let known = Mutex<Set<String>>([])

    func contains(_ ledgerID: String) -> Bool { known.withLock { $0.contains(ledgerID) } }

    func insert(_ ledgerID: String) {
        known.withLock { known in
            if known.count >= Self.most { known.removeAll() }
            known.insert(ledgerID)
        }
    }
}

/// Whom the rows of the ledger name, a file for each, which outlives the user.
extension JSONFileStore {
    package func usageName(of ledgerID: String) throws(StoreError) -> UsageName? {
        guard Self.isLedgerID(ledgerID) else { return nil }
        return try read(layout.usageName(ledgerID)).flatMap(UsageName.init(record:))
    }

    private static func isLedgerID(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(URLParts.isLetterOrDigit)
    }

    /// Notes whom rows of `user` name, and of its client, at the first of them.
    func noteName(of user: User) throws(StoreError) {
        try noteOneName(of: user)
        guard let client = user.clientLedgerID, !namedUsers.contains(client),
            let owner = try self.client(of: user), owner.ledgerID == client
        else { return }
        try noteOneName(of: owner)
    }

    private func noteOneName(of user: User) throws(StoreError) {
        let id = user.ledgerID
        guard !namedUsers.contains(id) else { return }
        if !Directory.exists(layout.usageName(id)) { try writeName(of: user) }
        namedUsers.insert(id)
    }

    private func writeName(of user: User) throws(StoreError) {
        let path = layout.usageName(user.ledgerID)
        try aside { () throws(StoreError) in
            try AtomicFile.write(UsageName(user).record.bytes, to: path, durable: isDurable)
        }
    }

    /// Notes a user's new name where its old one was noted.
    func renameInLedger(_ user: User) throws(StoreError) {
        if Directory.exists(layout.usageName(user.ledgerID)) { try writeName(of: user) }
    }

    // MARK: Retention

    /// Notes when a user went whose name is noted; from then on the name stays for so many days.
    func markName(_ ledgerID: String, removedAt time: Timestamp) throws(StoreError) {
        let path = layout.usageName(ledgerID)
        guard var record = try read(path)?.object else { return }
        record["removed_at"] = JSON(time.rfc3339)
        try AtomicFile.write(JSON.object(record).bytes, to: path, durable: isDurable)
    }

    package func outdated(_ retention: Settings.Retention, at now: Timestamp) throws(StoreError) -> RetentionPlan {
        var plan = RetentionPlan(billingDays: retention.billingDays)
        let kept = Duration.seconds(86_400 * retention.billingDays)
        for file in try Directory.names(in: layout.usageNames) where file.hasSuffix(".json") {
            let id = String(file.dropLast(5))
            guard let name = try removedName(id) else { continue }
            if (name.removedAt ?? now) + kept <= now {
                plan.names.append(id)
            } else if name.removedAt == nil {
                plan.unmarkedNames.append(id)
            }
        }
        return plan
    }

    package func carryOut(_ plan: RetentionPlan, at now: Timestamp) throws(StoreError) {
        for id in plan.names where try removedName(id) != nil {
            try Directory.removeFile(layout.usageName(id), durably: false)
        }
        if isDurable, !plan.names.isEmpty { try Directory.sync(layout.usageNames) }
        for id in plan.unmarkedNames where try removedName(id) != nil { try markName(id, removedAt: now) }
    }

    /// The name of a user who is gone; nil where the user is there, or nobody knows: nothing is removed for damage.
    private func removedName(_ ledgerID: String) throws(StoreError) -> UsageName? {
        do throws(StoreError) {
            guard let name = try usageName(of: ledgerID) else { return nil }
            let path = layout.user(User.ID(owner: name.owner, userID: name.userID).digest)
            // Not from memory, which is for those who call.
            guard let record = try read(path) else { return name }
            guard let user = User(record: record) else { return nil }
            return user.ledgerID == ledgerID ? nil : name
        } catch {
            guard error.kind == .corrupt else { throw error }
            log.error("a name of the ledger or its user cannot be read", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// Removes what was kept for long enough, if this was not done within a day, or `isDue` anyhow.
    func retain(_ retention: Settings.Retention, isDue: Bool = false) throws(StoreError) {
        let stamp = "\(layout.locks)/retention.lease"
        guard isDue || self.isDue(stamp, after: 86_400), let lease = try Lease.take(stamp, offset: 0) else { return }
        defer { withExtendedLifetime(lease) {} }
        // Before it begins: what cannot be done is not tried every minute.
        utimes(stamp, nil)
        let plan = try outdated(retention, at: .now)
        if !plan.isEmpty {
            var entry = JSONObject()
            entry["action"] = "retention.run"
            entry["actor"] = "schedule"
            for member in plan.details.object?.members ?? [] { entry[member.name] = member.value }
            try audit(entry)
        }
        try carryOut(plan, at: .now)
    }
}
