import HTTPTypes

/// Finds out who is calling, and for whom.
package struct Authenticator: Sendable {
    let store: any Store

    package init(store: any Store) { self.store = store }

    /// The principal of `call`, from `Authorization: Bearer`, `X-Api-Key`, `Api-Key`, `admin`, `client`, `user` or a page's `api_key`.
    ///
    /// - Throws: ``GatewayError/invalidKey`` for a missing, mistyped, unknown or revoked key, one same answer;
    ///   `conflictingKeys` for two keys of one role; `notAllowed` for a key in another role's parameter.
    package func principal(of call: Call) async throws -> Principal {
        var holders: [User.Role: User] = [:]
        var keys: [User.Role: APIKey] = [:]
        for role in User.Role.allCases {
            guard let text = try presented(role.rawValue, in: call) else { continue }
            let (user, key) = try await holder(of: text)
            guard role == .user || user.role == role else {
                throw GatewayError(
                    .notAllowed, "The key in \(role.rawValue) is not a key of that role.", parameter: role.rawValue)
            }
            holders[role] = user
            keys[role] = key
        }
        for text in try [fieldText(of: call), presented("api_key", in: call)].compactMap({ $0 }) {
            let (user, key) = try await holder(of: text)
            guard keys[user.role] == nil || keys[user.role] == key else { throw Self.conflict }
            holders[user.role] = user
            keys[user.role] = key
        }
        guard let caller = holders[.admin] ?? holders[.client] ?? holders[.user] else { throw GatewayError.invalidKey }
        let named = caller.role == .user ? nil : holders[.user]
        for user in [caller, named].compactMap({ $0 }) where user.isDisabled {
            throw Self.disabled
        }
        return Principal(caller: caller, named: named)
    }

    /// The user whose key stands in a header field, where parameters of the names of roles mean something else.
    package func bearer(of call: Call) async throws -> User {
        guard let text = try fieldText(of: call) else { throw GatewayError.invalidKey }
        let (user, _) = try await holder(of: text)
        guard !user.isDisabled else { throw Self.disabled }
        return user
    }

    /// The user for whom `principal` acts: itself, or the one that `user_id` (and `owner`) names.
    ///
    /// - Parameter create: Makes an unknown user of a client, where `username` and `user_id_plus` are given too.
    package func subject(
        of principal: Principal, in call: Call, create: ((User) async throws -> UserAddition)? = nil
    ) async throws -> User {
        let userID = try call.parameters.identifier("user_id")
        switch principal.role {
        case .user:
            guard userID == nil || userID == principal.caller.id.userID else {
                throw GatewayError(.notAllowed, "A user key acts for its own user only.", parameter: "user_id")
            }
            return principal.caller
        case .client:
            let owner = principal.caller.id.userID
            if let named = principal.named {
                guard named.id.owner == owner, userID == nil || userID == named.id.userID else {
                    throw GatewayError.userNotFound
                }
                return named
            }
            guard let userID else {
                throw GatewayError(
                    .invalidParameter, "A client must name its user: user_id is required.", parameter: "user_id")
            }
            return try await clientUser(User.ID(owner: owner, userID: userID), of: principal.caller, in: call, create)
        case .admin:
            if let named = principal.named { return named }
            guard let userID else { throw GatewayError.missing("user_id") }
            return try await anyUser(userID, owner: try call.parameters.identifier("owner"))
        }
    }

    /// The user `userID` of any owner.
    ///
    /// - Throws: 422 naming `owner` where several owners have such a user.
    package func anyUser(_ userID: String, owner: String?) async throws -> User {
        let owners = if let owner { [owner] } else { try await store.owners(of: userID) }
        guard owners.count <= 1 else {
            throw GatewayError(
                .invalidParameter, "Several owners have a user of this id. Name one with owner.", parameter: "owner")
        }
        guard let owner = owners.first, let user = try await store.user(User.ID(owner: owner, userID: userID)) else {
            throw GatewayError.userNotFound
        }
        return user
    }

    private func clientUser(
        _ id: User.ID, of client: User, in call: Call, _ create: ((User) async throws -> UserAddition)?
    ) async throws -> User {
        if let user = try await store.user(id) {
            guard !user.isDisabled else {
                throw GatewayError(.userDisabled, "This user is disabled.", parameter: "user_id")
            }
            return user
        }
        guard let create, let username = try call.parameters.text("username"),
            let hasPlus = try call.parameters.bool("user_id_plus")
        else { throw GatewayError.userNotFound }
        guard User.isValidUsername(username) else { throw GatewayError.invalidUsername }
        guard !hasPlus || client.hasPlus else {
            throw GatewayError(.plusNotAllowed, "A client without plus cannot grant plus.", parameter: "user_id_plus")
        }
        let user = User(id: id, ownerNumber: client.number, username: username, hasPlus: hasPlus)
        if let added = try await create(user).user { return added }
        // Somebody else made it in the same moment.
        guard let user = try await store.user(id) else { throw GatewayError.userNotFound }
        return user
    }

    private func holder(of text: String) async throws -> (User, APIKey) {
        guard let key = APIKey(text), let user = try await store.user(withKey: key.digest) else {
            throw GatewayError.invalidKey
        }
        return (user, key)
    }

    /// The one key in the parameter `name`; an empty one is a wrong one.
    private func presented(_ name: String, in call: Call) throws -> String? {
        switch call.parameters.count(of: name) {
        case 0: return nil
        case 1: break
        default: throw Self.conflict
        }
        return try call.parameters.anyText(name)
    }

    /// The key in the header fields: `Authorization`, or `X-Api-Key` and `Api-Key` as Anthropic's and Azure's clients
    /// have it.
    ///
    /// - Throws: `conflictingKeys` where two of them differ.
    private func fieldText(of call: Call) throws -> String? {
        let others = HTTPField.Name.apiKeys.flatMap { call.request.headers[values: $0] }
        let texts = try [bearerText(of: call)].compactMap { $0 } + others
        guard texts.allSatisfy({ $0 == texts.first }) else { throw Self.conflict }
        return texts.first
    }

    private func bearerText(of call: Call) throws -> String? {
        guard let value = call.request.headers[.authorization] else { return nil }
        let words = value.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bearer" else { throw GatewayError.invalidKey }
        return String(words[1])
    }

    private static let disabled = GatewayError(
        .userDisabled, "This key's user is disabled. Ask the administrator.")

    private static let conflict = GatewayError(
        .conflictingKeys, "Two keys for the same role were sent. Send one.")
}

extension GatewayError {
    package static let invalidUsername = GatewayError(
        .invalidParameter, "The parameter username must be 1 to 256 bytes without control characters.",
        parameter: "username")
}
