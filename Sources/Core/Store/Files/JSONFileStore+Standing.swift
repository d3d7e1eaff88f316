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

    package func mayGoOn(_ user: User, calledWith key: APIKey.Digest?) throws(StoreError) -> UserStanding {
        let standing = try standing(of: user)
        guard standing == .active, let key else { return standing }
        guard let holder = try self.user(withKey: key) else { return .gone }
        return try self.standing(of: holder)
    }

    /// The client that owns a user; nil where it is gone, also if another has its id by now.
    func client(of user: User) throws(StoreError) -> User? {
        guard let client = try self.user(User.ID(owner: User.selfOwner, userID: user.id.owner)),
            client.role == .client, client.number == user.ownerNumber
        else { return nil }
        return client
    }
}
