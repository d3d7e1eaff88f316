/// The user for whom a turn is asked, and what it may do.
struct Asker: Sendable {
    /// With plus, where a group of it has that.
    var user: User
    var rights: Rights
}

extension Authenticator {
    /// What the call may do for `user`, and which group pays: the key's, else the one that the call names, else the
    /// first that is valid of the user.
    ///
    /// - Throws: 403 where all groups of the user have ended, 422 naming `group` where it is none of them.
    func asker(for user: User, in call: Call) async throws -> Asker {
        let principal = try call.principal
        let isCaller = user.id == principal.caller.id
        let groups = isCaller ? principal.groups : try await store.validGroups(of: user)
        guard !user.hasEnded(validGroups: groups) else { throw GatewayError.groupEnded }
        var charged = groups.first
        if let id = try call.parameters.identifier("group") {
            guard let group = groups.first(where: { $0.id == id }) else {
                throw GatewayError.invalid("group", "a group of the user that has not ended")
            }
            charged = group
        }
        if let id = principal.keys.lazy.compactMap(\.group).first {
            charged = (principal.groups + groups).first { $0.id == id } ?? charged
        }
        let rights = Rights(of: user, in: groups, keys: principal.keys, charged: charged)
        var asker = Asker(user: user, rights: rights)
        asker.user.hasPlus = rights.hasPlus
        return asker
    }
}
