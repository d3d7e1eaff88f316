extension JSONFileStore {
    package func standing(of user: User) throws(StoreError) -> UserStanding {
        guard let present = try self.user(user.id), present.number == user.number,
            present.ownerNumber == user.ownerNumber
        else { return .gone }
        if present.isDisabled { return .disabled }
        guard user.id.owner != User.selfOwner else { return .active }
        guard let client = try client(of: present) else { return .gone }
        return client.isDisabled ? .clientDisabled : .active
    }

    package func mayGoOn(_ user: User, calledBy caller: User) throws(StoreError) -> UserStanding {
        let standing = try standing(of: user)
        guard standing == .active else { return standing }
        let present = try self.user(caller.id)
        let hasKey = present?.keys.contains { key in caller.keys.contains { $0.digest == key.digest } } ?? false
        return hasKey ? try self.standing(of: caller) : .gone
    }

    /// The client that owns a user; nil where it is gone, also if another has its id by now.
    func client(of user: User) throws(StoreError) -> User? {
        guard let client = try self.user(User.ID(owner: User.selfOwner, userID: user.id.owner)),
            client.role == .client, client.number == user.ownerNumber
        else { return nil }
        return client
    }
}
