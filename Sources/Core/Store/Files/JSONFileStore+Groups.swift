extension JSONFileStore {
    package func group(_ id: Group.ID) throws(StoreError) -> Group? {
        try record(ofGroup: id).flatMap { $0.isRemoved ? nil : $0 }
    }

    /// The same, also of one that is being removed.
    private func record(ofGroup id: Group.ID) throws(StoreError) -> Group? {
        guard Group.isValidID(id) else { return nil }
        return try groupRecords.record(at: layout.group(id)) { file throws(StoreError) in
            guard let group = Group(record: try read(file)), group.id == id else {
                throw StoreError(.corrupt, "decode", path: file.path)
            }
            return group
        }
    }

    package func groups() throws(StoreError) -> [Group] {
        let names = try Directory.names(in: layout.groups).filter { $0.hasSuffix(".json") }.sorted()
        var groups: [Group] = []
        for name in names {
            do throws(StoreError) {
                if let group = try group(String(name.dropLast(5))) { groups.append(group) }
            } catch {
                // One record that somebody has made corrupt must not hide all the others.
                guard error.kind == .corrupt else { throw error }
                log.error("a group's record cannot be read", metadata: ["error": "\(error)"])
            }
        }
        return groups
    }

    package func validGroups(of user: User) throws(StoreError) -> [Group] { try validGroups(of: user, at: .now) }

    func validGroups(of user: User, at time: Timestamp) throws(StoreError) -> [Group] {
        guard !user.groups.isEmpty else { return [] }
        var found: [Group] = []
        for id in user.groups { if let group = try group(id) { found.append(group) } }
        return user.valid(found, at: time)
    }

    package func addGroup(_ group: Group) throws(StoreError) -> Bool {
        guard Group.isValidID(group.id) else { return false }
        // What was cut off while another of this id was removed.
        if try record(ofGroup: group.id)?.isRemoved == true { _ = try removeGroup(group.id) }
        return try lock(ofGroup: group.id).withLock { () throws(StoreError) in
            guard !Directory.exists(layout.group(group.id)) else { return false }
            try write(group)
            return true
        }
    }

    package func updateGroup(_ before: Group, to after: Group) throws(StoreError) -> GroupUpdate {
        try lock(ofGroup: before.id).withLock { () throws(StoreError) in
            guard let present = try group(before.id) else { return .absent }
            guard present == before else { return .overtaken }
            try write(after)
            return .changed
        }
    }

    package func removeGroup(_ id: Group.ID) throws(StoreError) -> Bool {
        let isThere = try lock(ofGroup: id).withLock { () throws(StoreError) -> Bool in
            guard var present = try record(ofGroup: id) else { return false }
            // Nobody joins it from here on.
            present.isRemoved = true
            try write(present)
            return true
        }
        guard isThere else { return false }
        let list = userList(layout.memberList(id))
        _ = try list.page(before: nil, limit: .max) { _, entry throws(StoreError) in
            if let member = try member(entry) { _ = try updateUser(member, UserChange(groups: .leave(id))) }
            return false
        }
        try lock(ofList: list).withLock { () throws(StoreError) -> Void in
            try Directory.removeFile(list.path, durably: isDurable)
        }
        try lock(ofGroup: id).withLock { () throws(StoreError) in
            guard try record(ofGroup: id)?.isRemoved == true else { return }
            try Directory.removeFile(layout.group(id), durably: isDurable)
        }
        return true
    }

    package func members(of group: Group.ID, before: User.ID?, limit: Int) throws(StoreError) -> [User] {
        var users: [User] = []
        _ = try userList(layout.memberList(group)).page(before: before?.digest, limit: limit) {
            _, entry throws(StoreError) in
            guard let user = try member(entry), user.groups.contains(group) else { return false }
            users.append(user)
            return true
        }
        return users
    }

    /// The user of an entry in a group's list; nil where another has its id by now, or its record cannot be read.
    private func member(_ entry: JSON) throws(StoreError) -> User? {
        guard let id = Self.id(in: entry), let user = try readable(id), user.number == entry["number"]?.int else {
            return nil
        }
        return user
    }

    /// Notes a user in the lists of the groups that it is about to join.
    ///
    /// Entries stay when it leaves: who is a member the user's record says.
    func list(_ user: User, in groups: [Group.ID]) throws(StoreError) {
        guard !groups.isEmpty, let present = try self.user(user.id) else { return }
        for group in groups where !present.groups.contains(group) {
            guard try mayJoin(group) else { continue }
            let list = userList(layout.memberList(group))
            try lock(ofList: list).withLock { () throws(StoreError) in try put(present, in: list) }
        }
    }

    func mayJoin(_ group: Group.ID) throws(StoreError) -> Bool { try self.group(group) != nil }

    private func lock(ofGroup id: Group.ID) -> FileLock { layout.lock("groups", Hex.sha256(id)) }

    private func write(_ group: Group) throws(StoreError) {
        try AtomicFile.write(group.record.bytes, to: layout.group(group.id), durable: isDurable)
    }
}
