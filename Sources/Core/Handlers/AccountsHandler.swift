/// `/api/admin/accounts`: the accounts' health for admins; GET lists, POST acts.
package struct AccountsHandler: Sendable {
    let authenticator: Authenticator
    let admin: AccountAdmin

    package func list(_ call: Call) async throws -> Response {
        try await permit(call)
        return .json(["status": "success", "accounts": .array(try await admin.rows())])
    }

    package func act(_ call: Call) async throws -> Response {
        try await permit(call)
        guard let id = try call.parameters.text("id") else { throw GatewayError.missing("id") }
        guard let action = try call.parameters.text("action").flatMap(AccountAdmin.Action.init) else {
            throw GatewayError.invalid("action", "enable, disable or test")
        }
        let account = try await admin.perform(action, on: Account.ID(rawValue: id))
        return .json(["status": "success", "account": account])
    }

    private func permit(_ call: Call) async throws {
        guard try await authenticator.principal(of: call).role == .admin else {
            throw GatewayError(.notAllowed, "This needs an admin key.")
        }
    }
}
