/// Everything that is kept of users, as JSON values to be written one a line; no key and no digest of one.
package struct Export: Sendable {
    /// What is given each line, one after another.
    package typealias Line = (JSON) throws -> Void

    private static let pageSize = 200

    let store: any Store

    package init(store: any Store) { self.store = store }

    /// Gives `write` all groups, all users, each with its conversations, and then what was kept of those who were removed.
    package func everything(_ write: Line) async throws {
        for group in try await store.groups() { try write(Self.line("group", group.summary)) }
        try await eachPage { before in
            let page = try await store.users(ownedBy: nil, before: before, limit: Self.pageSize)
            for user in page { try await self.user(user, write) }
            return (page.count, page.last?.id)
        }
        try await eachPage { before in
            let page = try await store.keptArchives(before: before, limit: Self.pageSize)
            for archive in page { try await kept(archive, write) }
            return (page.count, page.last?.archive.digest)
        }
    }

    /// Gives `write` the user of this id with its conversations, newest first, and what was kept of those who had the
    /// id before.
    ///
    /// - Returns: False if there is nothing of them.
    package func user(_ id: User.ID, _ write: Line) async throws -> Bool {
        let user = try await store.user(id)
        if let user { try await self.user(user, write) }
        let kept = try await store.keptArchives(of: id)
        for archive in kept { try await self.kept(archive, write) }
        return user != nil || !kept.isEmpty
    }

    private func user(_ user: User, _ write: Line) async throws {
        var record = Self.record("user", user.summary)
        var keys: [JSON] = []
        for key in user.keys { keys.append(key.summary(lastUsedAt: try await store.lastUse(of: key.id))) }
        record["keys"] = .array(keys)
        try write(.object(record))
        try await conversations(of: user, write)
    }

    private func kept(_ kept: KeptArchive, _ write: Line) async throws {
        try write(Self.line("kept_archive", kept.summary))
        try await conversations(of: kept.user, write)
    }

    private func conversations(of user: User, _ write: Line) async throws {
        try await eachPage { before in
            let page = try await store.conversations(of: user.archive, before: before, limit: Self.pageSize)
            for summary in page {
                let stored = try await store.conversation(summary.id, of: user.archive, atMost: .max)
                guard let export = stored?.conversation?.export else { continue }
                var line = Self.record("conversation", export)
                line["owner"] = JSON(user.id.owner)
                line["user_id"] = JSON(user.id.userID)
                try write(.object(line))
            }
            return (page.count, page.last?.id)
        }
    }

    /// Reads pages until one is not full; `page` gives its length, and what the next one comes after.
    private func eachPage<Position>(_ page: (Position?) async throws -> (Int, Position?)) async throws {
        var before: Position?
        while true {
            let (count, last) = try await page(before)
            guard count == Self.pageSize else { return }
            before = last
        }
    }

    private static func record(_ type: String, _ summary: JSON) -> JSONObject {
        var record = summary.object ?? JSONObject()
        record["type"] = JSON(type)
        return record
    }

    private static func line(_ type: String, _ summary: JSON) -> JSON { .object(record(type, summary)) }
}
