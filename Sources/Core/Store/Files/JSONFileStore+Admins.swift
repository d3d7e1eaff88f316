extension JSONFileStore {
    /// Runs `body` while no other process takes an admin away, if `user` is one.
    func inLineWithAdmins<Result>(
        _ user: User, _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        guard user.role == .admin else { return try body() }
        return try layout.outerLock("admins", "00").withLock { () throws(StoreError) in try body() }
    }

    /// Whether nobody but `user` can act as an admin; ask while in line with the admins.
    func isLastAdmin(_ user: User) throws(StoreError) -> Bool {
        guard user.role == .admin, !user.isDisabled else { return false }
        let admins = Directory.exists(layout.adminList) ? userList(layout.adminList) : userList(layout.userList)
        return try admins.page(before: nil, limit: 1) { _, entry throws(StoreError) in
            guard let id = Self.id(in: entry), id != user.id, let other = try self.readable(id) else { return false }
            return other.role == .admin && !other.isDisabled && other.keys.contains(where: \.isLasting)
        }.isEmpty
    }

    /// Begins the list of admins with those whom a version without that list added; its lock must be held.
    func beginAdminList() throws(StoreError) {
        guard !Directory.exists(layout.adminList) else { return }
        var entries: [(id: String, entry: JSON)] = []
        _ = try userList(layout.userList).page(before: nil, limit: .max) { digest, entry throws(StoreError) in
            guard let id = Self.id(in: entry), try self.readable(id)?.role == .admin else { return false }
            entries.append((digest, entry))
            return false
        }
        try userList(layout.adminList).rebuild(entries.reversed(), boot: SystemBoot.id)
    }

    static func id(in entry: JSON) -> User.ID? {
        guard let owner = entry["owner"]?.string, let userID = entry["user_id"]?.string else { return nil }
        return User.ID(owner: owner, userID: userID)
    }

    /// The user, or nil where its record cannot be read.
    func readable(_ id: User.ID) throws(StoreError) -> User? {
        do throws(StoreError) { return try user(id) } catch {
            guard error.kind == .corrupt else { throw error }
            return nil
        }
    }
}
