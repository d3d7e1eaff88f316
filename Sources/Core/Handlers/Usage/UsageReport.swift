import Synchronization

/// Puts names to what the ledger says, for answers, files and the command line.
package final class UsageReport: Sendable {
    private let store: any Store
    /// Account names are the operator's alone.
    private let showsAccounts: Bool
    /// What was looked up for this one report.
    private let names = Mutex<[String: UsageName?]>([:])

    package init(store: any Store, showsAccounts: Bool) {
        self.store = store
        self.showsAccounts = showsAccounts
    }

    private func name(of ledgerID: String?) async throws -> UsageName? {
        guard let ledgerID, !ledgerID.isEmpty else { return nil }
        if let known = names.withLock({ $0[ledgerID] }) { return known }
        let found = try await store.usageName(of: ledgerID)
        names.withLock { names in
            if names.count >= 10_000 { names.removeAll() }
            names[ledgerID] = .some(found)
        }
        return found
    }

    // MARK: Sums

    /// The members of a sum in their order; the values are texts, numbers and null.
    package func members(of sum: UsageSum, by columns: [UsageQuery.Column]) async throws -> [JSONObject.Member] {
        var members: [JSONObject.Member] = []
        func add(_ name: String, _ value: JSON) { members.append(.init(name: name, value: value)) }
        for (column, value) in zip(columns, sum.values) {
            switch column {
            case .user:
                let name = try await name(of: value)
                add("user_id", JSON(name?.userID))
                add("owner", JSON(name?.owner))
                add("username", JSON(name?.username))
            case .client: add("client", JSON(try await name(of: value)?.userID))
            default: add(column.rawValue, value.isEmpty ? .null : JSON(value))
            }
        }
        add("requests", JSON(sum.calls))
        add("prompt_tokens", JSON(sum.usage.prompt))
        add("completion_tokens", JSON(sum.usage.completion))
        add("cached_tokens", JSON(sum.usage.cached))
        add("reasoning_tokens", JSON(sum.usage.reasoning))
        // Where some calls had no price this is the cost of the others.
        add("cost", sum.unpriced == sum.calls ? .null : sum.cost.json)
        add("unpriced_requests", JSON(sum.unpriced))
        add("currency", sum.currency.isEmpty ? .null : JSON(sum.currency))
        add("estimated", JSON(sum.usage.isEstimated))
        return members
    }

    /// The names of ``members(of:by:)``, also where there is no sum.
    package static func names(by columns: [UsageQuery.Column]) -> [String] {
        columns.flatMap { $0 == .user ? ["user_id", "owner", "username"] : [$0.rawValue] } + [
            "requests", "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "cost",
            "unpriced_requests", "currency", "estimated",
        ]
    }

    // MARK: Rows

    package static let rowNames = [
        "at", "request_id", "kind", "user_id", "owner", "client", "group", "cost_center", "key", "account", "model",
        "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "cost", "currency", "estimated",
        "outcome",
    ]

    /// The values of ``rowNames``.
    package func values(of row: UsageRow) async throws -> [JSON] {
        let user = try await name(of: row.user)
        return [
            JSON(row.at.rfc3339), JSON(row.requestID), JSON(row.kind.rawValue), JSON(user?.userID), JSON(user?.owner),
            JSON(try await name(of: row.client)?.userID), JSON(row.group), JSON(row.costCenter), JSON(row.key),
            showsAccounts && !row.account.isEmpty ? JSON(row.account) : .null, JSON(row.model), JSON(row.usage.prompt),
            JSON(row.usage.completion), JSON(row.usage.cached), JSON(row.usage.reasoning), row.cost?.json ?? .null,
            JSON(row.currency), JSON(row.usage.isEstimated), JSON(row.outcome.rawValue),
        ]
    }

    /// An object of `names` on a line of its own.
    package static func line(_ names: [String], _ values: [JSON]) -> [UInt8] {
        let members = zip(names, values).map { JSONObject.Member(name: $0, value: $1) }
        return JSON.object(JSONObject(unchecked: members)).bytes + [0x0A]
    }

    /// The text of a cell.
    package static func cell(_ value: JSON) -> String {
        switch value {
        case .null: ""
        case .string(let text): text
        default: value.text
        }
    }
}
