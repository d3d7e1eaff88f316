extension JSONFileStore {
    package func start(_ retention: Settings.Retention) {
        startThread { openJournal(wake: { EventLoop.shared.run($0) }) }
        startThread { sweepRegularly(retention) }
        startThread { foldRegularly() }
        startThread { prepareSearch() }
    }

    package func stop() { closeJournal() }

    package func maintain(_ retention: Settings.Retention) {
        startThread {
            do throws(StoreError) {
                try sweep()
                try retain(retention, isDue: true)
            } catch {
                log.error("sweeping the state directory failed", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Makes the first admin of an empty state directory; its key is also left in `admin-key.txt` (mode 0600).
    ///
    /// - Returns: The new key, to be shown once; nil if there are users already.
    package func createFirstAdmin() throws(StoreError) -> APIKey? {
        guard try !hasUsers else { return nil }
        let key = APIKey.generate()
        // Of several that start at once only one adds the user.
        guard try addUser(Self.admin(key)).user != nil else { return nil }
        try AtomicFile.write(Array(key.text.utf8) + [0x0A], to: layout.adminKey, durable: isDurable)
        return key
    }

    private static func admin(_ key: APIKey) -> User {
        User(
            id: User.ID(owner: User.selfOwner, userID: "admin"), username: "admin", role: .admin, keys: [User.Key(key)])
    }

    /// Gives the admin `admin` a new key and takes the old ones; makes that admin if there is none.
    package func replaceAdminKey() throws(StoreError) -> APIKey {
        let key = APIKey.generate()
        let admin = Self.admin(key)
        if try addUser(admin).user == nil {
            let change = UserChange(isDisabled: false, keys: .rotate(to: User.Key(key)))
            guard let present = try user(admin.id), present.role == .admin,
                try updateUser(present, change).user != nil
            else { throw StoreError(.unavailable, "find an admin in", path: layout.root) }
        }
        try AtomicFile.write(Array(key.text.utf8) + [0x0A], to: layout.adminKey, durable: isDurable)
        return key
    }
}
