import Glibc

extension JSONFileStore {
    package func user(_ id: User.ID) throws(StoreError) -> User? {
        try users.record(at: layout.user(id.digest)) { file throws(StoreError) in
            guard let user = User(record: try read(file)) else {
                throw StoreError(.corrupt, "decode", path: file.path)
            }
            return user
        }
    }

    package func user(withKey digest: APIKey.Digest) throws(StoreError) -> User? {
        let id = try keys.record(at: layout.key(digest)) { file throws(StoreError) in
            let record = try read(file)
            guard let owner = record["owner"]?.string, let userID = record["user_id"]?.string else { return nil }
            return User.ID(owner: owner, userID: userID)
        }
        guard let id, let user = try user(id), user.keys.contains(where: { $0.digest == digest })
        else { return nil }
        return user
    }

    package func addUser(_ user: User) throws(StoreError) -> Bool {
        let path = layout.user(user.id.digest)
        guard !Directory.exists(path) else { return false }
        // The lists come first: an entry without a record is passed over, a record without an entry is lost to them.
        for list in lists(of: user) {
            try lock(ofList: list).withLock { () throws(StoreError) in
                try list.put(user.id.digest, ["owner": JSON(user.id.owner), "user_id": JSON(user.id.userID)])
            }
        }
        let isAdded = try userLock(user.id).withLock { () throws(StoreError) -> Bool in
            guard !Directory.exists(path) else { return false }
            for key in user.keys where Directory.exists(layout.key(key.digest)) { return false }
            try discardConversations(of: user.id, unlessKept: true)
            for key in user.keys { try writeKey(key, of: user.id) }
            try AtomicFile.write(user.record.bytes, to: path, durable: isDurable)
            return true
        }
        guard isAdded else { return false }
        for list in lists(of: user) {
            try tidy(user.id) { () throws(StoreError) in
                try lock(ofList: list).withLock { () throws(StoreError) in
                    // A removal of the user before may have noted its end behind our entry.
                    guard try list.entry(of: user.id.digest) == nil else { return }
                    try list.put(user.id.digest, ["owner": JSON(user.id.owner), "user_id": JSON(user.id.userID)])
                }
            }
        }
        return true
    }

    package func updateUser(
        _ id: User.ID, _ change: @Sendable (inout User) -> Bool
    ) throws(StoreError) -> User? {
        try userLock(id).withLock { () throws(StoreError) in
            guard let before = try user(id) else { return nil }
            var after = before
            guard change(&after), after.id == id else { return nil }
            for key in after.keys where !before.keys.contains(key) { try writeKey(key, of: id) }
            try AtomicFile.write(after.record.bytes, to: layout.user(id.digest), durable: isDurable)
            try tidy(id) { () throws(StoreError) in
                for key in before.keys where !after.keys.contains(key) { try forgetKey(key, of: before) }
            }
            return after
        }
    }

    package func removeUser(_ id: User.ID, keepConversations: Bool) throws(StoreError) -> Bool {
        let removed = try userLock(id).withLock { () throws(StoreError) -> User? in
            guard let user = try user(id) else { return nil }
            if keepConversations, Directory.exists(layout.conversations(of: id)) {
                try AtomicFile.write([], to: layout.keptMark(of: id), durable: isDurable)
            }
            // From here on no key of the user works: a key counts only while the record lists it.
            try Directory.removeFile(layout.user(id.digest), durably: isDurable)
            // Still under the lock: a user who is added again at once keeps what is new.
            try tidy(id) { () throws(StoreError) in
                for key in user.keys { try forgetKey(key, of: user) }
                if !keepConversations { try discardConversations(of: id, unlessKept: false) }
            }
            return user
        }
        guard let removed else { return false }
        for list in lists(of: removed) {
            try tidy(id) { () throws(StoreError) in
                try lock(ofList: list).withLock { () throws(StoreError) in
                    // If it was added again its new entry counts.
                    if !Directory.exists(layout.user(id.digest)) { try list.remove(id.digest) }
                }
            }
        }
        return true
    }

    /// Does a step after a change that is done and stays: a failure is logged, and no caller is told that the change
    /// failed.
    private func tidy(_ id: User.ID, _ step: () throws(StoreError) -> Void) throws(StoreError) {
        do throws(StoreError) { try step() } catch {
            guard error.kind != .outcomeUnknown else { throw error }
            log.error(
                "a step after a change of a user failed", metadata: ["user": "\(id.digest)", "error": "\(error)"])
        }
    }

    /// Removes what removals that were cut off left behind: conversations and keys of no user.
    func sweepRemovedUsers() throws(StoreError) {
        for shard in try Directory.names(in: "\(layout.root)/conversations") {
            for digest in try Directory.names(in: "\(layout.root)/conversations/\(shard)") {
                guard !Directory.exists(layout.user(digest)) else { continue }
                // Under the lock nobody adds the user in between.
                try layout.lock("users", digest).withLock { () throws(StoreError) in
                    let directory = "\(layout.root)/conversations/\(shard)/\(digest)"
                    guard !Directory.exists(layout.user(digest)), !Directory.exists("\(directory)/kept") else { return }
                    try discard(directory, named: digest)
                }
            }
        }
        for shard in try Directory.names(in: "\(layout.root)/keys") {
            for name in try Directory.names(in: "\(layout.root)/keys/\(shard)") where name.hasSuffix(".json") {
                let path = "\(layout.root)/keys/\(shard)/\(name)"
                guard let record = try read(path), let owner = record["owner"]?.string,
                    let userID = record["user_id"]?.string
                else { continue }
                // Under the lock no key waits for its user's record.
                let id = User.ID(owner: owner, userID: userID)
                try userLock(id).withLock { () throws(StoreError) in
                    let isListed = try user(id)?.keys.contains { layout.key($0.digest) == path } ?? false
                    if !isListed { try Directory.removeFile(path, durably: false) }
                }
            }
        }
    }

    package func users(ownedBy owner: String?, before: User.ID?, limit: Int) throws(StoreError) -> [User] {
        var users: [User] = []
        _ = try list(owner: owner).page(before: before?.digest, limit: limit) { digest, entry throws(StoreError) in
            guard let owner = entry["owner"]?.string, let userID = entry["user_id"]?.string else { return false }
            do throws(StoreError) {
                guard let user = try user(User.ID(owner: owner, userID: userID)) else { return false }
                users.append(user)
                return true
            } catch {
                // One record that somebody has spoilt must not hide all the others.
                guard error.kind == .corrupt else { throw error }
                log.error("a user's record cannot be read", metadata: ["user": "\(digest)", "error": "\(error)"])
                return false
            }
        }
        return users
    }

    /// Whether there is any record of a user, even one that cannot be read.
    var hasUsers: Bool {
        get throws(StoreError) {
            try !list(owner: nil).page(before: nil, limit: 1) { digest, _ in Directory.exists(layout.user(digest)) }
                .isEmpty
        }
    }

    package func owners(of userID: String) throws(StoreError) -> [String] {
        let clients = IndexLog(path: layout.clientList, isDurable: isDurable)
        var owners = [User.selfOwner]
        _ = try clients.page(before: nil, limit: .max) { _, entry in
            if let client = entry["user_id"]?.string { owners.append(client) }
            return true
        }
        return owners.filter { Directory.exists(layout.user(User.ID(owner: $0, userID: userID).digest)) }
    }

    private func userLock(_ id: User.ID) -> FileLock { layout.lock("users", id.digest) }

    private func list(owner: String?) -> IndexLog {
        IndexLog(path: layout.userList(owner: owner), isDurable: true)
    }

    private func lists(of user: User) -> [IndexLog] {
        let lists = [list(owner: nil), list(owner: user.id.owner)]
        return user.role == .client ? lists + [IndexLog(path: layout.clientList, isDurable: true)] : lists
    }

    /// By the file's name alone: another process may spell the path of the state directory differently.
    private func lock(ofList list: IndexLog) -> FileLock {
        layout.lock("lists", Hex.sha256(String(list.path.split(separator: "/").last ?? "")))
    }

    private func writeKey(_ key: User.Key, of id: User.ID) throws(StoreError) {
        let record: JSON = ["owner": JSON(id.owner), "user_id": JSON(id.userID)]
        try AtomicFile.write(record.bytes, to: layout.key(key.digest), durable: isDurable)
    }

    /// Removes what leads from a key to its user, and the file that tells the first admin's key, if it is that.
    private func forgetKey(_ key: User.Key, of user: User) throws(StoreError) {
        try Directory.removeFile(layout.key(key.digest), durably: false)
        guard user.role == .admin, let file = try File.reading(layout.adminKey) else { return }
        let told = String(decoding: try file.readAll().prefix { $0 > 0x20 }, as: UTF8.self)
        if Hex.sha256(told) == key.digest { try Directory.removeFile(layout.adminKey, durably: false) }
    }

    /// Moves a user's conversations out of sight with one rename, then deletes them.
    private func discardConversations(of id: User.ID, unlessKept: Bool) throws(StoreError) {
        let directory = layout.conversations(of: id)
        if unlessKept, Directory.exists(layout.keptMark(of: id)) {
            try Directory.removeFile(layout.keptMark(of: id), durably: false)
            return
        }
        try discard(directory, named: id.digest)
    }

    private func discard(_ directory: String, named digest: String) throws(StoreError) {
        guard Directory.exists(directory) else { return }
        if isDurable { try journals.removals.note(layout.relative(directory)) }
        let trash = "\(layout.trash)/\(digest)-\(Identifier.random())"
        guard rename(directory, trash) == 0 else {
            if errno == ENOENT { return }
            throw .last("rename", directory)
        }
        if isDurable { try Directory.sync(Directory.parent(of: directory)) }
        try Directory.removeTree(trash)
    }
}
