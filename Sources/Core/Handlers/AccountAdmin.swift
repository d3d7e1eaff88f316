/// What admins see of the accounts and may do with them.
package struct AccountAdmin: Sendable {
    package enum Action: String, Sendable, CaseIterable { case enable, disable, test }

    package let store: any Store
    let pool: AccountPool
    let drivers: UpstreamDrivers
    let ledger: UsageLedger

    package init(store: any Store, pool: AccountPool, drivers: UpstreamDrivers, ledger: UsageLedger? = nil) {
        self.ledger = ledger ?? UsageLedger(store: store)
        self.store = store
        self.pool = pool
        self.drivers = drivers
    }

    /// All accounts in the order of the settings, without anything secret.
    package func rows() async throws -> [JSON] {
        var rows: [JSON] = []
        for account in pool.accounts { rows.append(try await row(account)) }
        return rows
    }

    /// Does `action` and answers with the account's row after it; a test adds how it went.
    ///
    /// - Parameters:
    ///   - admin: Who wants it, if that is known, and with which request.
    ///   - note: Writes to the audit log what is about to be done; a test is not written there.
    /// - Throws: ``GatewayError`` 404 for an unknown account.
    package func perform(
        _ action: Action, on id: Account.ID, by admin: User? = nil, requestID: String? = nil,
        note: (_ action: String) async throws -> Void = { _ in }
    ) async throws -> JSON {
        guard let account = pool.account(id) else {
            throw GatewayError(.notFound, "There is no such account.", parameter: "id")
        }
        var outcome: JSON?
        if action != .test { try await note("account.\(action.rawValue)") }
        switch action {
        case .enable: try await store.noteAccount(account, .enabled)
        case .disable: try await store.noteAccount(account, .disabled)
        case .test: outcome = try await test(account, by: admin, requestID)
        }
        var row = try await row(account).object ?? JSONObject()
        if let outcome { row["test"] = outcome }
        return .object(row)
    }

    private func row(_ account: Account) async throws -> JSON {
        let status = try await store.status(of: account.id)
        let health = status.health
        let now = Timestamp.now
        let isOut = health.isOut(at: now, fingerprint: account.fingerprint)
        var row = JSONObject()
        row["id"] = JSON(account.id.rawValue)
        row["kind"] = JSON(account.kindName)
        row["plus"] = JSON(account.isPlus)
        row["state"] = JSON(isOut ? health.state.name : "ready")
        row["reason"] = isOut ? JSON(health.reason) : JSON(health.suspicion.map { "suspect: \($0.reason)" })
        row["until"] = JSON(health.remainingRest(at: now).map { (now + $0).rfc3339 })
        // A clock that was set back must not show what is still to come.
        row["changed_at"] = health.isUntouched ? .null : JSON(min(health.changedAt, now).rfc3339)
        row["failures"] = JSON(health.failures)
        row["in_flight"] = JSON(status.inFlight)
        row["requests"] = JSON(status.requests)
        row["errors"] = JSON(status.errors)
        row["max_concurrent"] = account.maxConcurrent.map { JSON($0) } ?? .null
        row["models"] = .array(account.models.map { JSON($0) })
        row["proxy"] = JSON(account.proxy?.redacted)
        return .object(row)
    }

    /// Tries the account with one tiny turn.
    ///
    /// A good answer ends a rest and what a failure disabled.
    private func test(_ account: Account, by admin: User?, _ requestID: String?) async throws -> JSON {
        let start = ContinuousClock.now
        let probe = AccountProbe(store: store, drivers: drivers, ledger: ledger)
        let outcome = try await probe.run(
            on: account, waiting: .zero, within: nil, for: admin, requestID: requestID)
        try await store.noteAccount(account, .tested(outcome))
        switch outcome {
        case .busy: return ["ok": false, "reason": "all of its slots are busy"]
        case .late: return ["ok": false, "reason": "no answer in time"]
        case .failed(let failure): return ["ok": false, "reason": JSON(failure.reason)]
        case .passed:
            return ["ok": true, "milliseconds": JSON(Int((ContinuousClock.now - start).microseconds / 1000))]
        }
    }
}

extension Account {
    /// The kind as the settings name it.
    fileprivate var kindName: String {
        switch kind {
        case .openAI: "openai"
        case .chatGPT: "chatgpt"
        }
    }
}

extension AccountHealth.State {
    fileprivate var name: String {
        switch self {
        case .ready: "ready"
        case .resting: "resting"
        case .disabled: "disabled"
        }
    }
}

/// `/api/admin/accounts`: the accounts' health for admins; GET lists, POST acts.
package struct AccountsHandler: Sendable {
    let admin: AccountAdmin
    let auditLog: AuditLog

    package func list(_ call: Call) async throws -> Response {
        .json(["status": "success", "accounts": .array(try await admin.rows())])
    }

    package func act(_ call: Call) async throws -> Response {
        guard let id = try call.parameters.text("id") else { throw GatewayError.missing("id") }
        guard let action = try call.parameters.text("action").flatMap(AccountAdmin.Action.init) else {
            throw GatewayError.invalid("action", "enable, disable or test")
        }
        let account = try await admin.perform(
            action, on: Account.ID(rawValue: id), by: try call.principal.caller, requestID: call.request.id
        ) { try await auditLog.note($0, ofAccount: id, in: call) }
        return .json(["status": "success", "account": account])
    }
}
