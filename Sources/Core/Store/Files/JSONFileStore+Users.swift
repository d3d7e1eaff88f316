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

    package func caller(_ keys: [APIKey.Digest], acting user: User?) throws(StoreError) -> Caller {
        var holders: [Caller.Holder?] = []
        for key in keys { holders.append(try holder(of: key, at: .now)) }
        let acting = try user.map { user throws(StoreError) in try standing(of: user) }
        return Caller(holders: holders, acting: acting ?? .active)
    }

    private func holder(of digest: APIKey.Digest, at time: Timestamp) throws(StoreError) -> Caller.Holder? {
        guard let user = try user(withKey: digest), let key = user.key(withDigest: digest) else { return nil }
        let groups = try validGroups(of: user, at: time)
        var standing = try standing(ofPresent: user)
        if standing == .active { standing = key.standing(of: digest, at: time) }
        if standing == .active, let group = key.group, !groups.contains(where: { $0.id == group }) {
            standing = .keyExpired
        }
        if standing == .active, user.hasEnded(validGroups: groups) { standing = .groupEnded }
        return Caller.Holder(user: user, key: key, groups: groups, standing: standing)
    }

    /// The user whose key has this digest and is still listed in the user's record.
    func user(withKey digest: APIKey.Digest) throws(StoreError) -> User? {
        let id = try keys.record(at: layout.key(digest)) { file throws(StoreError) in
            let record = try read(file)
            guard let owner = record["owner"]?.string, let userID = record["user_id"]?.string else { return nil }
            return User.ID(owner: owner, userID: userID)
        }
        guard let id, let user = try user(id), user.key(withDigest: digest) != nil else { return nil }
        return user
    }

    /// Whether the user, as it was read some time ago, may act at this moment.
    func standing(of user: User) throws(StoreError) -> UserStanding {
        guard let present = try self.user(user.id), present.number == user.number,
            present.ownerNumber == user.ownerNumber
        else { return .gone }
        return try standing(ofPresent: present)
    }

    /// The same of a user that has just been read.
    private func standing(ofPresent user: User) throws(StoreError) -> UserStanding {
        if user.isDisabled { return .disabled }
        guard user.id.owner != User.selfOwner else { return .active }
        guard let client = try client(of: user) else { return .gone }
        return client.isDisabled ? .clientDisabled : .active
    }

    /// The client that owns a user; nil where it is gone, also if another has its id by now.
    func client(of user: User) throws(StoreError) -> User? {
        guard let client = try self.user(User.ID(owner: User.selfOwner, userID: user.id.owner)),
            client.role == .client, client.number == user.ownerNumber
        else { return nil }
        return client
    }

    package func updateUser(_ wanted: User, _ change: UserChange) throws(StoreError) -> UserUpdate {
        let id = wanted.id
        // The entries come first, so that who removes a group finds all that may have joined it.
        try list(wanted, in: change.groups?.joined ?? [])
        return try inLineWithAdmins(wanted) { () throws(StoreError) in
            try userLock(id).withLock { () throws(StoreError) in
                guard let before = try user(id), before.number == wanted.number else { return .absent }
                var after = before
                do throws(UserChange.Refusal) { try change.apply(to: &after, at: .now) } catch {
                    return .refused(error)
                }
                for group in after.groups where !before.groups.contains(group) {
                    guard try mayJoin(group) else { return .refused(.groupAbsent(group)) }
                }
                let losesKeys = before.keys.contains(where: \.isLasting) && !after.keys.contains(where: \.isLasting)
                if after.isDisabled || losesKeys, try isLastAdmin(before) { return .lastAdmin }
                let (old, new) = (before.keys.flatMap(\.digests), after.keys.flatMap(\.digests))
                for digest in new where !old.contains(digest) { try writeKey(digest, of: id) }
                try AtomicFile.write(after.record.bytes, to: layout.user(id.digest), durable: isDurable)
                try tidy(id) { () throws(StoreError) in
                    if after.username != before.username { try renameInLedger(after) }
                    for digest in old where !new.contains(digest) { try forgetKey(digest, of: before) }
                    for key in before.keys where after.key(key.id) == nil { try forgetUse(of: key.id) }
                }
                return .changed(after)
            }
        }
    }

    /// Does a step after a change that is done and stays: a failure is logged, and no caller is told that the change
    /// failed.
    func tidy(_ id: User.ID, _ step: () throws(StoreError) -> Void) throws(StoreError) {
        do throws(StoreError) { try step() } catch {
            guard error.kind != .outcomeUnknown else { throw error }
            log.error(
                "a step after a change of a user failed", metadata: ["user": "\(id.digest)", "error": "\(error)"])
        }
    }

    package func users(ownedBy owner: String?, before: User.ID?, limit: Int) throws(StoreError) -> [User] {
        var users: [User] = []
        _ = try list(owner: owner).page(before: before?.digest, limit: limit) { digest, entry throws(StoreError) in
            guard let owner = entry["owner"]?.string, let userID = entry["user_id"]?.string else { return false }
            do throws(StoreError) {
                guard let user = try user(User.ID(owner: owner, userID: userID)), user.number == entry["number"]?.int,
                    !isBeingRemoved(user)
                else { return false }
                users.append(user)
                return true
            } catch {
                // One record that somebody has made corrupt must not hide all the others.
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
            try !userList(layout.userList).page(before: nil, limit: 1) { digest, _ in
                Directory.exists(layout.user(digest))
            }
            .isEmpty
        }
    }

    package func owners(of userID: String) throws(StoreError) -> [String] {
        let clients = userList(layout.clientList)
        var owners = [User.selfOwner]
        _ = try clients.page(before: nil, limit: .max) { _, entry in
            if let client = entry["user_id"]?.string { owners.append(client) }
            return true
        }
        return owners.filter { Directory.exists(layout.user(User.ID(owner: $0, userID: userID).digest)) }
    }

    func userLock(_ id: User.ID) -> FileLock { layout.lock("users", id.digest) }

    /// The list of all users, or of those of the owner that has this name now.
    private func list(owner: String?) throws(StoreError) -> IndexLog {
        guard let owner else { return userList(layout.userList) }
        let number = try user(User.ID(owner: User.selfOwner, userID: owner))?.number
        return userList(layout.userList(owner: owner, number: owner == User.selfOwner ? nil : number))
    }

    func userList(_ path: String) -> IndexLog { IndexLog(path: path, isDurable: true) }

    func lists(of user: User) -> [IndexLog] {
        let lists =
            [userList(layout.userList), userList(layout.userList(owner: user.id.owner, number: user.ownerNumber))]
            + user.groups.map { userList(layout.memberList($0)) }
        switch user.role {
        case .user: return lists
        case .client: return lists + [userList(layout.clientList)]
        case .admin: return lists + [userList(layout.adminList)]
        }
    }

    /// Whether the client that owns the user is being removed together with all of its users.
    private func isBeingRemoved(_ user: User) -> Bool {
        guard user.id.owner != User.selfOwner else { return false }
        let client = User.ID(owner: User.selfOwner, userID: user.id.owner)
        return Directory.exists(layout.removal(of: client, number: user.ownerNumber))
    }

    func put(_ user: User, in list: IndexLog) throws(StoreError) {
        var entry = JSONObject()
        entry["owner"] = JSON(user.id.owner)
        entry["user_id"] = JSON(user.id.userID)
        entry["number"] = user.number.map { JSON($0) }
        if list.path == layout.adminList { try beginAdminList() }
        try list.put(user.id.digest, .object(entry))
    }

    /// By the file's name alone: another process may spell the path of the state directory differently.
    func lock(ofList list: IndexLog) -> FileLock {
        layout.lock("lists", Hex.sha256(String(list.path.split(separator: "/").last ?? "")))
    }

    func writeKey(_ digest: APIKey.Digest, of id: User.ID) throws(StoreError) {
        let record: JSON = ["owner": JSON(id.owner), "user_id": JSON(id.userID)]
        try AtomicFile.write(record.bytes, to: layout.key(digest), durable: isDurable)
    }

    /// Removes what leads from a key to its user, and the file that tells the first admin's key, if it is that.
    func forgetKey(_ digest: APIKey.Digest, of user: User) throws(StoreError) {
        try Directory.removeFile(layout.key(digest), durably: false)
        guard user.role == .admin, let file = try File.reading(layout.adminKey) else { return }
        let told = String(decoding: try file.readAll().prefix { $0 > 0x20 }, as: UTF8.self)
        if Hex.sha256(told) == digest { try Directory.removeFile(layout.adminKey, durably: false) }
    }
}
