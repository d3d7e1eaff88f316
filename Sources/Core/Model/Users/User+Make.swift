extension User {
    /// Who makes a user.
    package enum Creator: Sendable {
        case admin
        case client(User)
    }

    /// The names of the parameters that a refusal speaks of.
    package struct ParameterNames: Sendable {
        package var userID = "user_id"
        package var username = "username"
        package var plus = "plus"

        package init(userID: String = "user_id", username: String = "username", plus: String = "plus") {
            self.userID = userID
            self.username = username
            self.plus = plus
        }
    }

    /// A user to be added, by the rules that hold for all who add some: the API, calls that make users on their way, the
    /// import and the command line.
    package static func make(
        userID: String, username: String, role: Role = .user, hasPlus: Bool = false, by creator: Creator,
        keys: [Key] = [], names: ParameterNames = ParameterNames()
    ) throws(GatewayError) -> User {
        guard Identifier.isValid(userID) else { throw .invalid(names.userID, Identifier.rule) }
        guard userID != selfOwner else { throw .invalid(names.userID, "another word than \"self\"") }
        guard isValidUsername(username) else { throw .invalid(names.username, usernameRule) }
        switch creator {
        case .admin:
            return User(
                id: ID(owner: selfOwner, userID: userID), username: username, role: role, hasPlus: hasPlus, keys: keys)
        case .client(let client):
            guard role == .user else {
                throw GatewayError(.notAllowed, "Clients cannot create new clients.", parameter: "is_client")
            }
            guard !hasPlus || client.hasPlus else {
                throw GatewayError(
                    .plusNotAllowed, "A client without plus cannot grant plus.", parameter: names.plus)
            }
            return User(
                id: ID(owner: client.id.userID, userID: userID), ownerNumber: client.number, username: username,
                hasPlus: hasPlus, keys: keys)
        }
    }

    package static let usernameRule =
        "1 to 256 bytes without control characters, direction marks and invisible characters, and not blank"

    /// Whether `name` may be the name of somebody who is added or renamed; names of the version before stay readable.
    ///
    /// Invisible characters make two names look alike, and direction marks turn what follows around. The joiners
    /// (U+200C, U+200D) and the selectors of variants are left in, because scripts and emoji need them.
    package static func isValidUsername(_ name: String) -> Bool {
        (1...256).contains(name.utf8.count) && !name.unicodeScalars.contains(where: Text.isHidden)
            && name.unicodeScalars.contains {
                !$0.properties.isWhitespace && !$0.properties.isDefaultIgnorableCodePoint
            }
    }
}
