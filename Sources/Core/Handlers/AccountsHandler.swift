/// `/api/admin/accounts`: the accounts' health for admins; GET lists, POST acts.
package struct AccountsHandler: Sendable {
    let desk: AccountDesk

    package func list(_ call: Call) async throws -> Response {
        .json(["status": "success", "accounts": .array(try await desk.rows())])
    }

    package func act(_ call: Call) async throws -> Response {
        guard let id = try call.parameters.text("id") else { throw GatewayError.missing("id") }
        guard let action = try call.parameters.text("action").flatMap(AccountDesk.Action.init) else {
            throw GatewayError.invalid("action", "enable, disable or test")
        }
        let account = try await desk.perform(action, on: Account.ID(rawValue: id))
        return .json(["status": "success", "account": account])
    }
}
