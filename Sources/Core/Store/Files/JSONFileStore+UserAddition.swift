extension JSONFileStore {
    package func addUser(_ wanted: User, inherits: Bool = false) throws(StoreError) -> UserAddition {
        guard wanted.id.owner != User.selfOwner else { return try add(wanted, inherits) }
        // In line with the removal of the client, after which nobody is made for it any more.
        let client = User.ID(owner: User.selfOwner, userID: wanted.id.owner)
        return try layout.outerLock("owners", client.digest).withLock { () throws(StoreError) in
            guard let owner = try user(client), owner.role == .client, owner.number == wanted.ownerNumber else {
                return .ownerGone
            }
            return try add(wanted, inherits)
        }
    }

    private func add(_ wanted: User, _ inherits: Bool) throws(StoreError) -> UserAddition {
        guard try !isTaken(wanted) else { return .taken }
        var user = wanted
        user.number = User.newNumber()
        if inherits {
            guard let archive = try inheritance(of: user) else { return .nothingKept }
            user.inheritedArchive = archive.digest
        }
        // The lists come first: an entry without a record is passed over, a record without an entry is lost to them.
        for list in lists(of: user) {
            try lock(ofList: list).withLock { () throws(StoreError) in try put(user, in: list) }
        }
        let isAdded = try userLock(user.id).withLock { () throws(StoreError) -> Bool in
            guard try !isTaken(user) else { return false }
            for key in user.keys where Directory.exists(layout.key(key.digest)) { return false }
            if let before = try self.user(user.id) { try removeRecord(of: before, keepConversations: false) }
            for digest in user.keys.flatMap(\.digests) { try writeKey(digest, of: user.id) }
            try AtomicFile.write(user.record.bytes, to: layout.user(user.id.digest), durable: isDurable)
            return true
        }
        guard isAdded else {
            // The entries that count are those of the user who is there.
            if let present = try? self.user(user.id) {
                for list in lists(of: present) {
                    try lock(ofList: list).withLock { () throws(StoreError) in try put(present, in: list) }
                }
            }
            return .taken
        }
        if inherits {
            try tidy(user.id) { () throws(StoreError) in try noteInherited(user.archive) }
        }
        for list in lists(of: user) {
            try tidy(user.id) { () throws(StoreError) in
                try lock(ofList: list).withLock { () throws(StoreError) in
                    // A removal of the user before may have noted its end behind our entry.
                    guard try list.entry(of: user.id.digest)?["number"]?.int != user.number else { return }
                    try put(user, in: list)
                }
            }
        }
        return .added(user)
    }

    /// Whether the id belongs to somebody; a user who was left over from a client that is gone has lost it.
    private func isTaken(_ wanted: User) throws(StoreError) -> Bool {
        guard Directory.exists(layout.user(wanted.id.digest)) else { return false }
        do throws(StoreError) {
            guard let present = try user(wanted.id) else { return false }
            return present.ownerNumber == wanted.ownerNumber
        } catch {
            // Nobody knows whose it is.
            guard error.kind == .corrupt else { throw error }
            return true
        }
    }
}
