/// `/api/client/…`: adds, lists, changes and removes users, for admins and for clients.
package struct UsersHandler: Sendable {
    let authenticator: Authenticator
    let store: any Store
    let auditLog: AuditLog
    let pages: HTMLPage
    let turnLimits: TurnLimits

    /// Adds a user and shows its key, this once.
    package func add(_ call: Call) async throws -> Response {
        let creator = try call.principal.caller
        guard let userID = try call.parameters.identifier("user_id") else { throw GatewayError.missing("user_id") }
        guard let username = try call.parameters.text("username") else { throw GatewayError.missing("username") }
        let hasPlus = try call.parameters.bool("plus") ?? false
        let isClient = try call.parameters.bool("is_client") ?? false
        let inherits = try call.parameters.bool("inherit_conversations") ?? false
        let key = APIKey.generate()
        let user = try User.make(
            userID: userID, username: username, role: isClient ? .client : .user, hasPlus: hasPlus,
            by: creator.role == .client ? .client(creator) : .admin, keys: [User.Key(key)])
        try await auditLog.note(
            "add user", of: user, in: call,
            ["role": JSON(user.role.rawValue), "inherit_conversations": JSON(inherits)])
        switch try await store.addUser(user, inherits: inherits) {
        case .added: break
        case .taken: throw GatewayError(.userExists, "User already exists", parameter: "user_id")
        case .ownerGone: throw GatewayError.invalidKey
        case .nothingKept:
            throw GatewayError(
                .conversationNotFound, "No conversations of a user of this id were kept.",
                parameter: "inherit_conversations")
        }
        if call.isPage {
            let facts = [("User", userID), ("Key, shown only here and now", key.text)]
            return .html(pages.facts(facts, title: "User added"))
        }
        return .json([
            "status": "success", "message": "User added", "api_key": JSON(key.text), "user_id": JSON(userID),
        ])
    }

    /// Removes a user: its keys at once, its conversations unless `keep_conversations=true`.
    package func remove(_ call: Call) async throws -> Response {
        let keeps = try call.parameters.bool("keep_conversations") ?? false
        let removesUsers = try call.parameters.bool("remove_users") ?? false
        let user = try await authenticator.target(of: call)
        try await remove(user, keepConversations: keeps, withUsers: removesUsers, in: call)
        return .json(["status": "success", "message": "User removed", "user_id": JSON(user.id.userID)])
    }

    func remove(
        _ user: User, keepConversations keeps: Bool, withUsers removesUsers: Bool, in call: Call
    ) async throws {
        let caller = try call.principal.caller
        guard user.id != caller.id else {
            throw GatewayError(.notAllowed, "Nobody can remove itself.", parameter: "user_id")
        }
        try await auditLog.note(
            "remove user", of: user, in: call,
            ["keep_conversations": JSON(keeps), "remove_users": JSON(removesUsers)])
        switch try await store.removeUser(user, keepConversations: keeps, withUsers: removesUsers) {
        case .removed: break
        case .absent: throw GatewayError.userNotFound
        case .hasUsers:
            throw GatewayError(
                .notAllowed, "This client has users. Remove them first, or send remove_users=true.",
                parameter: "remove_users")
        case .lastAdmin: throw Self.lastAdmin
        }
    }

    /// Gives a user a new key and takes the old ones; without `user_id` the caller's own.
    package func rotateKey(_ call: Call) async throws -> Response {
        let caller = try call.principal.caller
        // A user's key acts for nobody else, and says so.
        if caller.role == .user { _ = try await authenticator.subject(of: call) }
        let isOwn = caller.role == .user || call.parameters.count(of: "user_id") == 0
        let user = isOwn ? caller : try await authenticator.target(of: call)
        // All of the user's keys end, so nobody is given more by it than it has.
        guard try !(isOwn || user.role == .admin) || call.principal.keys.allSatisfy(\.isUnrestricted) else {
            throw GatewayError(
                .notAllowed, "This key does not have all rights of its user, so it cannot take the place of all keys.")
        }
        let key = APIKey.generate()
        try await auditLog.note("rotate key", of: user, in: call)
        _ = try await change(user, UserChange(keys: .rotate(to: User.Key(key))))
        return .json([
            "status": "success", "message": "Key rotated", "api_key": JSON(key.text),
            "user_id": JSON(user.id.userID),
        ])
    }

    /// Sets `plus`, `disabled`, `username`, limits or, for admins, `groups` of a user.
    package func update(_ call: Call) async throws -> Response {
        let caller = try call.principal.caller
        var wanted = UserChange(
            username: try call.parameters.text("username"), hasPlus: try call.parameters.bool("plus"),
            isDisabled: try call.parameters.bool("disabled"),
            groups: try call.parameters.strings("groups").map(UserChange.Groups.set))
        if let username = wanted.username, !User.isValidUsername(username) {
            throw GatewayError.invalid("username", User.usernameRule)
        }
        guard caller.role == .admin || wanted.groups == nil else {
            throw GatewayError(
                .notAllowed, "Only admins set the groups of users; owners of a group add its members.",
                parameter: "groups")
        }
        try checkPlus(wanted, by: caller)
        let user = try await authenticator.target(of: call)
        (wanted.limits, wanted.userLimits) = try limits(in: call, of: user)
        try checkLimits(wanted.limits, by: caller)
        guard !wanted.isEmpty else {
            throw GatewayError(
                .invalidParameter, "Nothing to change: send plus, disabled, username, groups or limits.")
        }
        let changed = try await update(user, wanted, in: call)
        return .json(["status": "success", "message": "User updated", "user": changed.summary])
    }

    func checkPlus(_ wanted: UserChange, by caller: User) throws(GatewayError) {
        guard caller.role == .admin || wanted.hasPlus != true || caller.hasPlus else {
            throw GatewayError(.plusNotAllowed, "A client without plus cannot grant plus.", parameter: "plus")
        }
    }

    func update(_ user: User, _ wanted: UserChange, in call: Call) async throws -> User {
        guard try user.id != call.principal.caller.id || wanted.isDisabled != true else {
            throw GatewayError(.notAllowed, "Nobody can disable itself.", parameter: "disabled")
        }
        let setsLimits = wanted.limits != nil || wanted.userLimits != nil
        try await auditLog.note(setsLimits ? "limits.change" : "update user", of: user, in: call, wanted.details)
        return try await change(user, wanted)
    }

    /// `/api/admin/archives`: whose conversations were kept when they were removed.
    package func keptArchives(_ call: Call) async throws -> Response {
        let limit = try call.parameters.int("limit", in: 1...500) ?? 50
        let before = try call.parameters.identifier("before")
        let kept = try await store.keptArchives(before: before, limit: limit)
        let next = kept.count == limit ? kept.last.map { JSON($0.archive.digest) } : nil
        return .json(["status": "success", "archives": .array(kept.map(\.summary)), "next": next ?? .null])
    }

    private func change(_ user: User, _ wanted: UserChange) async throws -> User {
        switch try await store.updateUser(user, wanted) {
        case .changed(let user): return user
        case .absent: throw GatewayError.userNotFound
        case .lastAdmin: throw Self.lastAdmin
        case .refused(let refusal): throw refusal.callerError()
        }
    }

    static let lastAdmin = GatewayError(
        .notAllowed, "This is the last admin that can sign in. Add another one first.", parameter: "user_id")

    /// Both parts are in an alphabet without "/".
    static func encode(_ id: User.ID) -> String { "\(id.owner)/\(id.userID)" }

    static func decode(_ cursor: String) throws -> User.ID {
        let parts = cursor.split(separator: "/").map(String.init)
        guard parts.count == 2, parts.allSatisfy(Identifier.isValid) else {
            throw GatewayError.invalid("before", "the value of next in the page before")
        }
        return User.ID(owner: parts[0], userID: parts[1])
    }
}
