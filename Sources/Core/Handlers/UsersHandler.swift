/// `/api/client/…`: adds, lists, changes and removes users, for admins and for clients.
package struct UsersHandler: Sendable {
    let authenticator: Authenticator
    let store: any Store
    let pages: HTMLPage

    /// Adds a user and shows its key, this once.
    package func add(_ call: Call) async throws -> Response {
        let creator = try await creator(of: call)
        guard let userID = try call.parameters.identifier("user_id") else { throw GatewayError.missing("user_id") }
        guard let username = try call.parameters.text("username") else { throw GatewayError.missing("username") }
        let hasPlus = try call.parameters.bool("plus") ?? false
        let isClient = try call.parameters.bool("is_client") ?? false
        guard User.isValidUsername(username) else { throw GatewayError.invalidUsername }
        guard userID != User.selfOwner else { throw GatewayError.invalid("user_id", "another word than \"self\"") }
        guard creator.role == .admin || !isClient else {
            throw GatewayError(.notAllowed, "Clients cannot create new clients.", parameter: "is_client")
        }
        guard creator.role == .admin || !hasPlus || creator.hasPlus else {
            throw GatewayError(.plusNotAllowed, "A client without plus cannot grant plus.", parameter: "plus")
        }
        let key = APIKey.generate()
        let user = User(
            id: User.ID(owner: owner(for: creator), userID: userID),
            ownerNumber: creator.role == .client ? creator.number : nil, username: username,
            role: isClient ? .client : .user, hasPlus: hasPlus, keys: [User.Key(key)])
        guard try await store.addUser(user).user != nil else {
            throw GatewayError(.userExists, "User already exists", parameter: "user_id")
        }
        if call.isPage {
            let facts = [("User", userID), ("Key, shown only here and now", key.text)]
            return .html(pages.facts(facts, title: "User added"))
        }
        return .json([
            "status": "success", "message": "User added", "api_key": JSON(key.text), "user_id": JSON(userID),
        ])
    }

    /// Lists users, newest first: an admin's are all, or those of `owner`; a client's are its own.
    package func list(_ call: Call) async throws -> Response {
        let caller = try await creator(of: call)
        let limit = try call.parameters.int("limit", in: 1...500) ?? 50
        var owner = try call.parameters.identifier("owner")
        if caller.role == .client { owner = caller.id.userID }
        var before: User.ID?
        if let cursor = try call.parameters.text("before") { before = try Self.decode(cursor) }
        let users = try await store.users(ownedBy: owner, before: before, limit: limit)
        let next = users.count == limit ? users.last.map { JSON(Self.encode($0.id)) } : nil
        return .json(["status": "success", "users": .array(users.map(\.summary)), "next": next ?? .null])
    }

    /// Removes a user: its keys at once, its conversations unless `keep_conversations=true`.
    package func remove(_ call: Call) async throws -> Response {
        let caller = try await creator(of: call)
        let keeps = try call.parameters.bool("keep_conversations") ?? false
        let removesUsers = try call.parameters.bool("remove_users") ?? false
        let user = try await target(of: call, by: caller)
        guard user.id != caller.id else {
            throw GatewayError(.notAllowed, "Nobody can remove itself.", parameter: "user_id")
        }
        if user.role == .client {
            try await removeUsers(of: user, isWanted: removesUsers, keepConversations: keeps)
        }
        guard try await store.removeUser(user, keepConversations: keeps) else { throw GatewayError.userNotFound }
        return .json(["status": "success", "message": "User removed", "user_id": JSON(user.id.userID)])
    }

    /// Gives a user a new key and takes the old ones; without `user_id` the caller's own.
    package func rotateKey(_ call: Call) async throws -> Response {
        let principal = try await authenticator.principal(of: call)
        let isOwn = principal.role == .user || call.parameters.count(of: "user_id") == 0
        let user = isOwn ? principal.caller : try await target(of: call, by: principal.caller)
        if principal.role == .user { _ = try await authenticator.subject(of: principal, in: call) }
        let key = APIKey.generate()
        let changed = try await store.updateUser(user.id) { user in
            user.keys = [User.Key(key)]
            return true
        }
        guard let changed else { throw GatewayError.userNotFound }
        return .json([
            "status": "success", "message": "Key rotated", "api_key": JSON(key.text),
            "user_id": JSON(changed.id.userID),
        ])
    }

    /// Sets `plus`, `disabled` or `username` of a user.
    package func update(_ call: Call) async throws -> Response {
        let caller = try await creator(of: call)
        let hasPlus = try call.parameters.bool("plus")
        let isDisabled = try call.parameters.bool("disabled")
        let username = try call.parameters.text("username")
        if let username, !User.isValidUsername(username) { throw GatewayError.invalidUsername }
        guard hasPlus != nil || isDisabled != nil || username != nil else {
            throw GatewayError(.invalidParameter, "Nothing to change: send plus, disabled or username.")
        }
        guard caller.role == .admin || hasPlus != true || caller.hasPlus else {
            throw GatewayError(.plusNotAllowed, "A client without plus cannot grant plus.", parameter: "plus")
        }
        let user = try await target(of: call, by: caller)
        guard user.id != caller.id || isDisabled != true else {
            throw GatewayError(.notAllowed, "Nobody can disable itself.", parameter: "disabled")
        }
        let changed = try await store.updateUser(user.id) { user in
            user.hasPlus = hasPlus ?? user.hasPlus
            user.isDisabled = isDisabled ?? user.isDisabled
            user.username = username ?? user.username
            return true
        }
        guard let changed else { throw GatewayError.userNotFound }
        return .json(["status": "success", "message": "User updated", "user": changed.summary])
    }

    /// The caller, if it is one that may have users.
    private func creator(of call: Call) async throws -> User {
        let principal = try await authenticator.principal(of: call)
        guard principal.role != .user else {
            throw GatewayError(.notAllowed, "This needs an admin or client key.")
        }
        return principal.caller
    }

    /// The user that the call is about; another client's looks like none.
    private func target(of call: Call, by caller: User) async throws -> User {
        guard let userID = try call.parameters.identifier("user_id") else { throw GatewayError.missing("user_id") }
        guard caller.role == .admin else {
            let id = User.ID(owner: caller.id.userID, userID: userID)
            guard let user = try await store.user(id) else { throw GatewayError.userNotFound }
            return user
        }
        return try await authenticator.anyUser(userID, owner: try call.parameters.identifier("owner"))
    }

    private func removeUsers(of client: User, isWanted: Bool, keepConversations: Bool) async throws {
        while true {
            let users = try await store.users(ownedBy: client.id.userID, before: nil, limit: 100)
            if users.isEmpty { return }
            guard isWanted else {
                throw GatewayError(
                    .notAllowed, "This client has users. Remove them first, or send remove_users=true.",
                    parameter: "remove_users")
            }
            for user in users { _ = try await store.removeUser(user, keepConversations: keepConversations) }
        }
    }

    private func owner(for creator: User) -> String {
        creator.role == .client ? creator.id.userID : User.selfOwner
    }

    /// Both parts are in an alphabet without "/".
    private static func encode(_ id: User.ID) -> String { "\(id.owner)/\(id.userID)" }

    private static func decode(_ cursor: String) throws -> User.ID {
        let parts = cursor.split(separator: "/").map(String.init)
        guard parts.count == 2, parts.allSatisfy(Identifier.isValid) else {
            throw GatewayError.invalid("before", "the value of next in the page before")
        }
        return User.ID(owner: parts[0], userID: parts[1])
    }
}
