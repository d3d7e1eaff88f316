/// `/api/client/users/bulk`: one act on many users, each for itself: what fails for one is done for the others.
extension UsersHandler {
    private static let most = 500

    private enum Action: String, CaseIterable {
        case enable, disable, remove
        case setPlus = "set_plus"
        case unsetPlus = "unset_plus"

        /// Nil for a removal.
        var change: UserChange? {
            switch self {
            case .enable: UserChange(isDisabled: false)
            case .disable: UserChange(isDisabled: true)
            case .setPlus: UserChange(hasPlus: true)
            case .unsetPlus: UserChange(hasPlus: false)
            case .remove: nil
            }
        }
    }

    /// A user as the caller names it.
    private struct Name {
        var userID: String
        var owner: String?
    }

    package func bulk(_ call: Call) async throws -> Response {
        let body = try call.jsonObject()
        guard let action = try call.parameters.text("action").flatMap(Action.init) else {
            throw GatewayError.invalid("action", Action.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let names = try Self.names(body.last { $0.name == "users" }?.value)
        let caller = try call.principal.caller
        if let change = action.change { try checkPlus(change, by: caller) }
        let keeps = try call.parameters.bool("keep_conversations") ?? false
        var results: [JSON] = []
        for name in names {
            // A caller that has left wants no more of it.
            try Task.checkCancellation()
            results.append(try await result(of: name, action, caller, keeps, in: call))
        }
        return .json(["status": "success", "results": .array(results)])
    }

    private func result(
        of name: Name, _ action: Action, _ caller: User, _ keeps: Bool, in call: Call
    ) async throws -> JSON {
        var result = JSONObject()
        result["user_id"] = JSON(name.userID)
        result["owner"] = JSON(name.owner)
        do {
            let user = try await authenticator.target(name.userID, owner: name.owner, of: caller)
            result["owner"] = JSON(user.id.owner)
            if let change = action.change {
                result["user"] = try await update(user, change, in: call).summary
            } else {
                try await remove(user, keepConversations: keeps, withUsers: false, in: call)
            }
            result["status"] = "success"
        } catch let error as GatewayError {
            result["status"] = "error"
            result["code"] = JSON(error.word)
            result["message"] = JSON(error.message)
        }
        return .object(result)
    }

    private static func names(_ json: JSONText?) throws(GatewayError) -> [Name] {
        let rule = "1 to \(most) objects with user_id and perhaps owner"
        guard let elements = json?.elements, (1...most).contains(elements.count) else { throw .invalid("users", rule) }
        var names: [Name] = []
        for element in elements {
            guard let userID = element["user_id"].flatMap(identifier) else { throw .invalid("users", rule) }
            var name = Name(userID: userID, owner: nil)
            if let owner = element["owner"], !owner.isNull {
                guard let text = identifier(owner) else { throw .invalid("users", rule) }
                name.owner = text
            }
            names.append(name)
        }
        return names
    }

    /// An id, also as a whole number.
    private static func identifier(_ json: JSONText) -> String? {
        let text = json.string ?? json.value.int.map { String($0) }
        return text.flatMap { Identifier.isValid($0) ? $0 : nil }
    }
}
