/// Everything that is kept of users, as JSON values to be written one a line; no key and no digest of one.
package struct Export {
    let store: JSONFileStore

    package init(store: JSONFileStore) { self.store = store }

    /// Gives `write` a user and then each of its conversations, newest first.
    package func user(_ user: User, _ write: (JSON) throws -> Void) throws {
        var record = user.summary.object ?? JSONObject()
        record["type"] = "user"
        record["keys"] = .array(
            try user.keys.map { key in key.summary(lastUsedAt: try store.lastUse(of: key.id)) })
        try write(.object(record))
        try conversations(of: user, write)
    }

    /// Gives `write` what was kept of users of this id who were removed.
    ///
    /// - Returns: False if that is nothing.
    package func kept(of id: User.ID, _ write: (JSON) throws -> Void) throws -> Bool {
        let kept = try store.keptArchives(of: id)
        for archive in kept { try self.kept(archive, write) }
        return !kept.isEmpty
    }

    private func kept(_ kept: KeptArchive, _ write: (JSON) throws -> Void) throws {
        var record = kept.summary.object ?? JSONObject()
        record["type"] = "kept_archive"
        try write(.object(record))
        try conversations(of: kept.user, write)
    }

    private func conversations(of user: User, _ write: (JSON) throws -> Void) throws {
        var before: Conversation.ID?
        while true {
            let page = try store.conversations(of: user.archive, before: before, limit: 200)
            for summary in page {
                guard let conversation = try store.conversation(summary.id, of: user.archive),
                    var line = conversation.export.object
                else { continue }
                line["type"] = "conversation"
                line["owner"] = JSON(user.id.owner)
                line["user_id"] = JSON(user.id.userID)
                try write(.object(line))
            }
            guard page.count == 200 else { return }
            before = page.last?.id
        }
    }

    /// Gives `write` all groups, all users, each with its conversations, and then what was kept of those who were removed.
    package func all(_ write: (JSON) throws -> Void) throws {
        for group in try store.groups() {
            var record = group.summary.object ?? JSONObject()
            record["type"] = "group"
            try write(.object(record))
        }
        try allUsers(write)
        var before: String?
        while true {
            let page = try store.keptArchives(before: before, limit: 200)
            for archive in page { try kept(archive, write) }
            guard page.count == 200 else { return }
            before = page.last?.archive.digest
        }
    }

    private func allUsers(_ write: (JSON) throws -> Void) throws {
        var before: User.ID?
        while true {
            let page = try store.users(ownedBy: nil, before: before, limit: 200)
            for user in page { try self.user(user, write) }
            guard page.count == 200 else { return }
            before = page.last?.id
        }
    }
}
