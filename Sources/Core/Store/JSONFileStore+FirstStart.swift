extension JSONFileStore {
    /// Makes the first admin of an empty state directory; its key is also left in `admin-key.txt` (mode 0600).
    ///
    /// - Returns: The new key, to be shown once; nil if there are users already.
    package func createFirstAdmin() throws(StoreError) -> APIKey? {
        try layout.lock("first-start", "00").withLock { () throws(StoreError) -> APIKey? in
            guard try users(ownedBy: nil, before: nil, limit: 1).isEmpty else { return nil }
            return try replaceAdminKey()
        }
    }

    /// Gives the admin `admin` a new key and takes the old ones; makes that admin if there is none.
    package func replaceAdminKey() throws(StoreError) -> APIKey {
        let key = APIKey.generate()
        let id = User.ID(owner: User.selfOwner, userID: "admin")
        let added = try addUser(User(id: id, username: "admin", role: .admin, keys: [User.Key(key)]))
        if !added {
            let updated = try updateUser(id) { user in
                user.keys = [User.Key(key)]
                user.isDisabled = false
                return user.role == .admin
            }
            guard updated != nil else { throw StoreError(.unavailable, "find an admin in", path: layout.root) }
        }
        try AtomicFile.write(Array(key.text.utf8) + [0x0A], to: layout.adminKey, durable: isDurable)
        return key
    }
}
