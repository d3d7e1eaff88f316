extension Authenticator {
    /// The user for whom the caller acts: itself, or the one that `user_id` (and `owner`) names; in the OpenAI API the one
    /// that the standard field `user` names.
    ///
    /// - Parameter isMade: Whether an unknown user of a client is made, where `username` and `user_id_plus` are given,
    ///   too.
    package func subject(of call: Call, isMade: Bool = false) async throws -> User {
        let principal = try call.principal
        if call.kind == .openAI { return try await openAISubject(of: principal.caller, in: call) }
        let userID = try call.parameters.identifier("user_id")
        switch principal.role {
        case .user:
            guard userID == nil || userID == principal.caller.id.userID else {
                throw GatewayError(.notAllowed, "A user key acts for its own user only.", parameter: "user_id")
            }
            return principal.caller
        case .client: return try await clientSubject(userID, of: principal, in: call, isMade: isMade)
        case .admin: return try await adminSubject(userID, of: principal, in: call)
        }
    }

    /// The user that the field `user` names for a client; made without plus where it is not there.
    private func openAISubject(of caller: User, in call: Call) async throws -> User {
        let name = try call.parameters.text("user", takesDigits: true)
        guard caller.role == .client else { return caller }
        guard let name else {
            throw GatewayError(.invalidParameter, "A client must name its user in the field user.", parameter: "user")
        }
        let names = User.ParameterNames(userID: "user", username: "user")
        return try await user(name, of: caller, names) { (username: name, hasPlus: false) }
    }

    private func clientSubject(
        _ userID: String?, of principal: Principal, in call: Call, isMade: Bool
    ) async throws -> User {
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
    }

    private func adminSubject(_ userID: String?, of principal: Principal, in call: Call) async throws -> User {
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

    /// The user whose conversations were kept, for an admin who says why.
    private func permitted(_ kept: KeptArchive, in call: Call) throws -> User {
        guard try AuditLog.reason(in: call) != nil else {
            throw GatewayError(
                .reasonRequired,
                "These conversations were kept of a user who was removed. Say in reason why you look, in at least 10 "
                    + "characters; it is written to the audit log.", parameter: "reason")
        }
        return kept.user
    }

    /// The user that an admin's or client's call is about; another client's looks like none.
    package func target(of call: Call) async throws -> User {
        guard let userID = try call.parameters.identifier("user_id") else { throw GatewayError.missing("user_id") }
        return try await target(
            userID, owner: try call.parameters.identifier("owner"), of: try call.principal.caller)
    }

    func target(_ userID: String, owner: String?, of caller: User) async throws -> User {
        guard caller.role == .admin else {
            let id = User.ID(owner: caller.id.userID, userID: userID)
            guard let user = try await store.user(id), user.ownerNumber == caller.number else {
                throw GatewayError.userNotFound
            }
            return user
        }
        return try await anyUser(userID, owner: owner)
    }

    /// The user whose keys the call manages: the caller, or the one that `user_id` (and `owner`) names.
    package func managed(in call: Call) async throws -> User {
        let caller = try call.principal.caller
        // A user's key acts for nobody else, and says so.
        if caller.role == .user { return try await subject(of: call) }
        return call.parameters.count(of: "user_id") == 0 ? caller : try await target(of: call)
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
}
