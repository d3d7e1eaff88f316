/// What users did lately, which stands in no record of theirs.
extension UsersHandler {
    /// The summaries of a page of users with what each used in thirty days, today included, and when it was last seen.
    func summariesWithUse(of users: [User]) async throws -> [JSON] {
        let today = turnLimits.settings.timeZone.day(of: .now)
        var query = UsageQuery(days: today.before(29)...today, by: [.user], limit: 100_000)
        query.users = users.map(\.ledgerID)
        let sums = Dictionary(grouping: try await store.usage(query)) { $0.values[0] }
        var summaries: [JSON] = []
        for user in users {
            var summary = user.summary.object ?? JSONObject()
            summary["last_seen_at"] = JSON(try await lastSeen(user)?.rfc3339)
            summary["usage_30_days"] = Self.use(sums[user.ledgerID] ?? [])
            summaries.append(.object(summary))
        }
        return summaries
    }

    /// To the hour, by the use of the user's own keys; nil where none of them was used.
    private func lastSeen(_ user: User) async throws -> Timestamp? {
        var last: Timestamp?
        for key in user.keys {
            guard let time = try await store.lastUse(of: key.id) else { continue }
            last = max(last ?? time, time)
        }
        return last
    }

    /// - Parameter sums: One for each currency; costs of several make no sum, so there is none then.
    private static func use(_ sums: [UsageSum]) -> JSON {
        let priced = sums.filter { $0.unpriced < $0.calls }
        let isOne = Set(priced.map(\.currency)).count == 1
        return [
            "requests": JSON(sums.reduce(0) { $0 + $1.calls }),
            "tokens": JSON(sums.reduce(0) { $0 + $1.usage.prompt + $1.usage.completion }),
            "cost": isOne ? Money(nano: priced.reduce(0) { $0 + $1.cost.nano }).json : .null,
            "currency": isOne ? priced.first.map { $0.currency.isEmpty ? .null : JSON($0.currency) } ?? .null : .null,
        ]
    }
}
