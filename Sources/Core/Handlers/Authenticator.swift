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
            guard user.role == .user || role != .user || call.parameters.count(of: "user_id") == 0 else {
                throw GatewayError(
                    .conflictingKeys,
                    "The key in user is not a key of a user, so user_id cannot stand beside it. Send the key in "
                        + "\(user.role.rawValue).", parameter: "user")
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
        for user in [caller, named].compactMap({ $0 }) {
            if let refusal = try await store.standing(of: user).refusal { throw refusal }
        }
        return Principal(caller: caller, named: named, key: keys[caller.role])
    }

    /// The user whose key stands in a header field, where parameters of the names of roles mean something else.
    package func bearer(of call: Call) async throws -> User {
        guard let text = try fieldText(of: call) else { throw GatewayError.invalidKey }
        let (user, _) = try await holder(of: text)
        if let refusal = try await store.standing(of: user).refusal { throw refusal }
        return user
    }

    /// The key in the header fields; nil where there is none, or not one.
    package func bearerKey(of call: Call) -> APIKey? { (try? fieldText(of: call)).flatMap { $0 }.flatMap(APIKey.init) }

    /// Whose turn it is where callers take turns before it is known what they want: the holder of the key in the header
    /// fields, else the address.
    func turnTaker(of call: Call) async -> String {
        guard let key = bearerKey(of: call), let user = try? await store.user(withKey: key.digest) else {
            return call.request.remoteAddress
        }
        return user.id.digest
    }

    /// The user for whom `principal` acts: itself, or the one that `user_id` (and `owner`) names.
    ///
    /// - Parameter isMade: Whether an unknown user of a client is made, where `username` and `user_id_plus` are given,
    ///   too.
    package func subject(
        of principal: Principal, in call: Call, isMade: Bool = false
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
                guard named.id.owner == owner, named.ownerNumber == principal.caller.number,
                    userID == nil || userID == named.id.userID
                else {
                    throw GatewayError.userNotFound
                }
                return named
            }
            guard let userID else {
                throw GatewayError(
                    .invalidParameter, "A client must name its user: user_id is required.", parameter: "user_id")
            }
            let names = User.ParameterNames(plus: "user_id_plus")
            return try await user(userID, of: principal.caller, names) {
                guard isMade, let username = try call.parameters.text("username"),
                    let hasPlus = try call.parameters.bool("user_id_plus")
                else { return nil }
                return (username, hasPlus)
            }
        case .admin:
            if let named = principal.named {
                guard userID == nil || userID == named.id.userID else {
                    throw GatewayError(
                        .conflictingKeys,
                        "The key in user is another user's than the one in user_id. Send one of them.",
                        parameter: "user_id")
                }
                return named
            }
            if let digest = try call.parameters.identifier("archive") {
                guard let kept = try await store.keptArchive(digest) else { throw GatewayError.userNotFound }
                return try permitted(kept, in: call)
            }
            guard let userID else { throw GatewayError.missing("user_id") }
            let owner = try call.parameters.identifier("owner")
            do { return try await anyUser(userID, owner: owner) } catch let error as GatewayError {
                guard error.code == .userNotFound else { throw error }
                let id = User.ID(owner: owner ?? User.selfOwner, userID: userID)
                let kept = try await store.keptArchives(of: id)
                guard let first = kept.first else { throw error }
                guard kept.count == 1 else {
                    throw GatewayError(
                        .invalidParameter,
                        "Several users of this id were removed and their conversations kept. Name one with archive.",
                        parameter: "archive")
                }
                return try permitted(first, in: call)
            }
        }
    }

    /// The user whose conversations were kept, for an admin who says why.
    private func permitted(_ kept: KeptArchive, in call: Call) throws -> User {
        guard try Oversight.reason(in: call) != nil else {
            throw GatewayError(
                .reasonRequired,
                "These conversations were kept of a user who was removed. Say in reason why you look, in at least 10 "
                    + "characters; it is written to the audit log.", parameter: "reason")
        }
        return kept.user
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

    /// The user `userID` of a client, who is made if it is not there and `wanted` gives a name and its plus.
    package func user(
        _ userID: String, of client: User, _ names: User.ParameterNames,
        orMake wanted: () throws -> (username: String, hasPlus: Bool)?
    ) async throws -> User {
        if let user = try await ownUser(userID, of: client, names) { return user }
        guard let (username, hasPlus) = try wanted() else { throw GatewayError.userNotFound }
        let user = try User.make(
            userID: userID, username: username, hasPlus: hasPlus, by: .client(client), names: names)
        switch try await store.addUser(user) {
        case .added(let user): return user
        case .ownerGone, .nothingKept: throw GatewayError.invalidKey
        case .taken:
            // Somebody else made it in the same moment.
            guard let user = try await ownUser(userID, of: client, names) else { throw GatewayError.userNotFound }
            return user
        }
    }

    /// The user of a client; nil for none, and for one that was left over from a client of that id before.
    private func ownUser(_ userID: String, of client: User, _ names: User.ParameterNames) async throws -> User? {
        guard let user = try await store.user(User.ID(owner: client.id.userID, userID: userID)),
            user.ownerNumber == client.number
        else { return nil }
        guard !user.isDisabled else {
            throw GatewayError(.userDisabled, "This user is disabled.", parameter: names.userID)
        }
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

    private static let conflict = GatewayError(
        .conflictingKeys, "Two keys for the same role were sent. Send one.")
}
