/// `/api/keys`: a user's keys, for itself, and for the admins and the client that manage it.
package struct KeysHandler: Sendable {
    let authenticator: Authenticator
    let store: any Store
    let auditLog: AuditLog
    let settings: Settings.Keys

    private static let longestGrace = 604_800

    package func list(_ call: Call) async throws -> Response {
        let user = try await authenticator.managed(in: call)
        var keys: [JSON] = []
        for key in user.keys { keys.append(try await summary(of: key)) }
        return .json([
            "status": "success", "keys": .array(keys), "max_per_user": JSON(settings.maxPerUser),
            "max_days": settings.maxDays.map { JSON($0) } ?? .null,
        ])
    }

    /// Adds a key and shows it, this once.
    package func add(_ call: Call) async throws -> Response {
        let user = try await authenticator.managed(in: call)
        let text = APIKey.generate()
        guard let name = try call.parameters.text("name") else { throw GatewayError.missing("name") }
        var key = User.Key(text, name: name)
        let bound = try bound(of: user, in: call)
        if let bound {
            // What is not asked for is as in the key that asks.
            (key.scopes, key.models, key.group, key.limits) = (bound.scopes, bound.models, bound.group, bound.limits)
        }
        key.expiresAt = latestEnd(after: bound)
        try await set(&key, of: user, bound, in: call)
        if let bound, let member = key.excess(over: bound) { throw Self.tooMuch(member) }
        try await note("key.create", key, of: user, in: call)
        _ = try await change(user, .add(key, most: settings.maxPerUser))
        return try await shown(text, key)
    }

    /// Changes what is given of a key.
    package func change(_ call: Call) async throws -> Response {
        let user = try await authenticator.managed(in: call)
        let before = try key(of: user, in: call)
        let bound = try bound(of: user, in: call)
        var after = before
        try await set(&after, of: user, bound, in: call)
        if let bound, let member = after.excess(over: bound), after.excess(over: before) != nil {
            throw Self.tooMuch(member)
        }
        let isInUse = try call.principal.keys.contains { $0.id == before.id }
        guard !isInUse || after.scopes.contains(.manage) else {
            throw GatewayError(
                .notAllowed, "This call uses the key itself, which would then not be able to manage keys any more.",
                parameter: "scopes")
        }
        guard !isInUse || after.notBefore.map({ $0 <= .now }) ?? true else {
            throw GatewayError(
                .notAllowed, "This call uses the key itself, which would stop to work.", parameter: "not_before")
        }
        try await note("key.change", after, of: user, in: call)
        _ = try await change(user, .edit(before, to: after))
        return .json(["status": "success", "message": "Key changed", "key": try await summary(of: after)])
    }

    package func revoke(_ call: Call) async throws -> Response {
        let user = try await authenticator.managed(in: call)
        let key = try key(of: user, in: call)
        guard try !call.principal.keys.contains(where: { $0.id == key.id }) else {
            throw GatewayError(
                .notAllowed, "This call uses the key itself. Revoke it with another key, or rotate it.",
                parameter: "id")
        }
        try await note("key.revoke", key, of: user, in: call)
        _ = try await change(user, .revoke(key.id))
        return .json(["status": "success", "message": "Key revoked", "id": JSON(key.id)])
    }

    /// Gives a key a new text, which is shown this once; the old one works for `grace_seconds` more.
    package func rotate(_ call: Call) async throws -> Response {
        let user = try await authenticator.managed(in: call)
        let before = try key(of: user, in: call)
        let grace = try call.parameters.int("grace_seconds", in: 0...Self.longestGrace) ?? 0
        let bound = try bound(of: user, in: call)
        if let bound, bound.id != before.id, let member = before.excess(over: bound) { throw Self.tooMuch(member) }
        let now = Timestamp.now
        guard !before.isExpired(at: now) else {
            throw GatewayError(
                .keyExpired, "This key has expired. Give it another expires_at first, or make a new one.",
                parameter: "id")
        }
        let text = APIKey.generate()
        let after = before.rotated(to: text, grace: .seconds(grace), at: now)
        try await note("key.rotate", after, of: user, in: call)
        _ = try await change(user, .edit(before, to: after))
        return try await shown(text, after)
    }

    // MARK: What callers ask for

    private func set(_ key: inout User.Key, of user: User, _ bound: User.Key?, in call: Call) async throws {
        let parameters = call.parameters
        if let name = try parameters.text("name") {
            guard User.isValidUsername(name) else { throw GatewayError.invalid("name", User.usernameRule) }
            key.name = name
        }
        if parameters.count(of: "note") > 0 {
            key.note = try parameters.text("note") ?? ""
            guard key.note.utf8.count <= 1000 else { throw GatewayError.invalid("note", "at most 1,000 bytes") }
        }
        if let scopes = try parameters.strings("scopes") { key.scopes = try Self.scopes(scopes, bound) }
        if let models = try parameters.strings("models") { key.models = models }
        if let limits = try parameters.limits(changing: key.limits) { key.limits = limits }
        if parameters.count(of: "group") > 0 { key.group = try await group(of: user, in: call) }
        if parameters.count(of: "not_before") > 0 { key.notBefore = try parameters.timestamp("not_before") }
        if parameters.count(of: "expires_at") > 0 {
            key.expiresAt = try end(try parameters.timestamp("expires_at"), bound)
        }
        if let start = key.notBefore, let end = key.expiresAt, end <= start {
            throw GatewayError.invalid("not_before", "earlier than expires_at")
        }
    }

    /// - Parameter words: Empty for as many as the key in use has.
    private static func scopes(_ words: [String], _ bound: User.Key?) throws -> Set<User.Key.Scope> {
        guard !words.isEmpty else { return bound?.scopes ?? Set(User.Key.Scope.allCases) }
        return Set(
            try words.map { word in
                guard let scope = User.Key.Scope(rawValue: word) else {
                    let known = User.Key.Scope.allCases.map(\.rawValue).joined(separator: ", ")
                    throw GatewayError.invalid("scopes", "an array of \(known)")
                }
                return scope
            })
    }

    private func group(of user: User, in call: Call) async throws -> Group.ID? {
        guard let id = try call.parameters.identifier("group") else { return nil }
        guard try await store.validGroups(of: user).contains(where: { $0.id == id }) else {
            throw GatewayError.invalid("group", "a group of the user that has not ended")
        }
        return id
    }

    /// The end of a key; the latest possible where none is wanted.
    private func end(_ wanted: Timestamp?, _ bound: User.Key?) throws -> Timestamp? {
        guard let wanted else { return latestEnd(after: bound) }
        guard wanted > .now else { throw GatewayError.invalid("expires_at", "a time to come") }
        if let latest = latestEnd(), wanted > latest {
            throw GatewayError.invalid("expires_at", "within \(settings.maxDays ?? 0) days")
        }
        return wanted
    }

    private func latestEnd(after bound: User.Key? = nil) -> Timestamp? {
        let latest = settings.maxDays.map { Timestamp.now + .seconds($0 * 86_400) }
        guard let end = bound?.expiresAt else { return latest }
        return latest.map { min($0, end) } ?? end
    }

    /// The key beyond which nothing may be given: the one in use, where it manages its own user or an admin.
    private func bound(of user: User, in call: Call) throws -> User.Key? {
        let principal = try call.principal
        return user.id == principal.caller.id || user.role == .admin ? principal.keys.first : nil
    }

    private static func tooMuch(_ member: String) -> GatewayError {
        GatewayError(
            .notAllowed, "The key of this call gives less itself; it cannot give more in \(member).", parameter: member)
    }

    private func key(of user: User, in call: Call) throws -> User.Key {
        guard let key = user.key(call.pathValue) else { throw Self.absent }
        return key
    }

    // MARK: What is done

    private func change(_ user: User, _ keys: UserChange.Keys) async throws -> User {
        switch try await store.updateUser(user, UserChange(keys: keys)) {
        case .changed(let user): return user
        case .absent: throw GatewayError.userNotFound
        case .lastAdmin: throw UsersHandler.lastAdmin
        case .refused(let refusal): throw refusal.callerError(most: settings.maxPerUser)
        }
    }

    private func note(_ action: String, _ key: User.Key, of user: User, in call: Call) async throws {
        guard try user.id != call.principal.caller.id || user.role == .admin else { return }
        try await auditLog.note(
            action, of: user, in: call, ["key_id": JSON(key.id), "key_name": JSON(key.name)], ofClients: true)
    }

    private func shown(_ text: APIKey, _ key: User.Key) async throws -> Response {
        .json(["status": "success", "api_key": JSON(text.text), "key": try await summary(of: key)])
    }

    private func summary(of key: User.Key) async throws -> JSON {
        key.summary(lastUsedAt: try await store.lastUse(of: key.id))
    }

    static let absent = GatewayError(.keyNotFound, "There is no such key.", parameter: "id")
}

extension UserChange.Refusal {
    /// - Parameter most: How many keys a user may have.
    func callerError(most: Int = 0) -> GatewayError {
        switch self {
        case .tooManyKeys:
            GatewayError(.tooManyKeys, "There are \(most) keys already, which is the most. Revoke one first.")
        case .keyNameTaken:
            GatewayError(.keyExists, "There is a key of this name already.", parameter: "name")
        case .keyAbsent: KeysHandler.absent
        case .keyOvertaken: .overtaken
        case .groupAbsent(let group):
            GatewayError(.groupNotFound, "There is no group \(group).", parameter: "groups")
        case .tooManyGroups:
            .invalid("groups", "at most \(UserChange.mostGroups) groups")
        }
    }
}
