import Glibc

/// A client's record dies first, so that its key is dead and nobody is made for it; then its users are removed one by
/// one. What is still to be removed stands in `removals/`, and whoever sweeps goes on with it.
extension JSONFileStore {
    /// What is left to be removed of a client.
    struct PendingRemoval {
        var client: User.ID
        var number: Int?
        var keepsConversations: Bool

        var record: JSON {
            var object = JSONObject()
            object["user_id"] = JSON(client.userID)
            object["number"] = number.map { JSON($0) }
            object["keep_conversations"] = JSON(keepsConversations)
            return .object(object)
        }

        init(client: User, keepsConversations: Bool) {
            self.client = client.id
            number = client.number
            self.keepsConversations = keepsConversations
        }

        init?(record: JSON) {
            guard let userID = record["user_id"]?.string else { return nil }
            client = User.ID(owner: User.selfOwner, userID: userID)
            number = record["number"]?.int
            // Damage must not remove more than was asked for.
            keepsConversations = record["keep_conversations"]?.bool ?? true
        }
    }

    /// How long a call goes on with the removal of a client's users before it leaves the rest to the sweep.
    private static let timeout = Duration.seconds(10)

    func removeClient(_ wanted: User, keepConversations: Bool, withUsers: Bool) throws(StoreError) -> UserRemoval {
        let pending = layout.removal(of: wanted.id, number: wanted.number)
        let outcome = try layout.outerLock("owners", wanted.id.digest).withLock { () throws(StoreError) in
            guard let client = try user(wanted.id), client.number == wanted.number else { return UserRemoval.absent }
            if try hasUsers(client) {
                guard withUsers else { return .hasUsers }
                let removal = PendingRemoval(client: client, keepsConversations: keepConversations)
                try AtomicFile.write(removal.record.bytes, to: pending, durable: isDurable)
            }
            return try removeOne(client, keepConversations: keepConversations) ? .removed : .absent
        }
        guard outcome == .removed else { return outcome }
        try tidy(wanted.id) { () throws(StoreError) in
            try finishRemoval(pending, until: ContinuousClock.now + Self.timeout)
        }
        return .removed
    }

    /// Goes on with all removals of clients that were cut off, until `end`.
    func finishRemovals(until end: ContinuousClock.Instant) throws(StoreError) {
        for name in try Directory.names(in: layout.removals) where name.hasSuffix(".json") {
            try finishRemoval("\(layout.removals)/\(name)", until: end)
        }
    }

    private func finishRemoval(_ path: String, until end: ContinuousClock.Instant) throws(StoreError) {
        guard let pending = try read(path).flatMap(PendingRemoval.init(record:)) else { return }
        let list = userList(layout.userList(owner: pending.client.userID, number: pending.number))
        if let client = try user(pending.client), client.number == pending.number {
            // The process ended before the record was gone.
            let lock = layout.outerLock("owners", pending.client.digest)
            _ = try lock.withLock { () throws(StoreError) in
                try removeOne(client, keepConversations: pending.keepsConversations)
            }
        }
        while true {
            var users: [User] = []
            _ = try list.page(before: nil, limit: 2000) { _, entry throws(StoreError) in
                guard let id = Self.id(in: entry), let user = try readable(id), user.ownerNumber == pending.number,
                    user.number == entry["number"]?.int
                else { return false }
                users.append(user)
                return true
            }
            for user in users {
                guard ContinuousClock.now < end else { return }
                _ = try removeOne(user, keepConversations: pending.keepsConversations)
            }
            guard !users.isEmpty else { break }
        }
        try Directory.removeFile(list.path, durably: false)
        try Directory.removeFile(path, durably: isDurable)
    }

    private func hasUsers(_ client: User) throws(StoreError) -> Bool {
        let list = userList(layout.userList(owner: client.id.userID, number: client.number))
        return try !list.page(before: nil, limit: 1) { _, entry throws(StoreError) in
            guard let id = Self.id(in: entry) else { return false }
            return Directory.exists(layout.user(id.digest))
        }.isEmpty
    }
}
