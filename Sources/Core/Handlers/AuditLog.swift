/// Keeps account of what admins do: of their looks into archives and of their acts on users.
package struct AuditLog: Sendable {
    let store: any Store
    /// Leaves the address of the admin out of the log.
    let omitsAddress: Bool

    package init(store: any Store, omitsAddress: Bool = false) {
        self.store = store
        self.omitsAddress = omitsAddress
    }

    /// Writes to the audit log that an admin reaches into a user's archive, before it does.
    package func note(
        _ action: String, of user: User, conversation: Conversation.ID?, in call: Call
    ) async throws {
        var details = JSONObject()
        details["conversation_id"] = conversation.map { JSON($0) }
        details["reason"] = try Self.reason(in: call).map { JSON($0) }
        try await note(action, of: user, in: call, .object(details))
    }

    /// Writes to the audit log what an admin is about to do with a user; what others do is not written.
    ///
    /// - Parameter ofClients: Whether what clients do is written, too.
    package func note(
        _ action: String, of user: User, in call: Call, _ details: JSON = [:], ofClients: Bool = false
    ) async throws {
        let caller = try call.principal.caller
        guard caller.role == .admin || ofClients && caller.role == .client else { return }
        var entry = JSONObject()
        entry["action"] = JSON(action)
        entry[caller.role.rawValue] = JSON(caller.id.userID)
        if !omitsAddress, !call.request.remoteAddress.isEmpty { entry["address"] = JSON(call.request.remoteAddress) }
        entry["owner"] = JSON(user.id.owner)
        entry["user_id"] = JSON(user.id.userID)
        entry["user_number"] = user.number.map { JSON($0) }
        for member in details.object?.members ?? [] { entry[member.name] = member.value }
        try await store.audit(entry)
    }

    /// Why the caller wants to look, in at least 10 characters and at most 1,000 bytes; nil where it does not say.
    package static func reason(in call: Call) throws -> String? {
        guard let text = try call.parameters.text("reason") else { return nil }
        guard text.count >= 10, text.utf8.count <= 1000, !text.unicodeScalars.contains(where: Text.isHidden),
            !text.allSatisfy(\.isWhitespace)
        else {
            throw GatewayError.invalid("reason", "10 characters to 1,000 bytes on one line, and not blank")
        }
        return text
    }

    /// Writes to the audit log what is about to be done with a group, whoever does it.
    package func note(_ action: String, ofGroup group: Group.ID, in call: Call, _ details: JSON = [:]) async throws {
        var members = JSONObject()
        members["group"] = JSON(group)
        for member in details.object?.members ?? [] { members[member.name] = member.value }
        try await note(action, members, in: call)
    }

    /// Writes to the audit log what is about to be done with an account.
    func note(_ action: String, ofAccount account: String, in call: Call) async throws {
        var members = JSONObject()
        members["account"] = JSON(account)
        try await note(action, members, in: call)
    }

    private func note(_ action: String, _ members: JSONObject, in call: Call) async throws {
        let caller = try call.principal.caller
        var entry = JSONObject()
        entry["action"] = JSON(action)
        entry[caller.role.rawValue] = JSON(caller.id.userID)
        if caller.id.owner != User.selfOwner { entry["of_client"] = JSON(caller.id.owner) }
        if !omitsAddress, !call.request.remoteAddress.isEmpty { entry["address"] = JSON(call.request.remoteAddress) }
        for member in members.members { entry[member.name] = member.value }
        try await store.audit(entry)
    }
}
