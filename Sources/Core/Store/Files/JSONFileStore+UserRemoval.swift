import Glibc

extension JSONFileStore {
    package func removeUser(
        _ user: User, keepConversations: Bool, withUsers: Bool
    ) throws(StoreError) -> UserRemoval {
        if user.role == .client {
            return try removeClient(user, keepConversations: keepConversations, withUsers: withUsers)
        }
        return try inLineWithAdmins(user) { () throws(StoreError) in
            if let present = try self.user(user.id), present.number == user.number, try isLastAdmin(present) {
                return .lastAdmin
            }
            return try removeOne(user, keepConversations: keepConversations) ? .removed : .absent
        }
    }

    /// Removes one user and nobody that belongs to it; false if it is gone already.
    func removeOne(_ wanted: User, keepConversations: Bool) throws(StoreError) -> Bool {
        let removed = try userLock(wanted.id).withLock { () throws(StoreError) -> User? in
            guard let user = try user(wanted.id), user.number == wanted.number else { return nil }
            try removeRecord(of: user, keepConversations: keepConversations)
            return user
        }
        guard let removed else { return false }
        if keepConversations {
            try tidy(removed.id) { () throws(StoreError) in try listKept(removed) }
        }
        for list in lists(of: removed) {
            try tidy(removed.id) { () throws(StoreError) in
                try lock(ofList: list).withLock { () throws(StoreError) in
                    // If it was added again its new entry counts.
                    if !Directory.exists(layout.user(removed.id.digest)) { try list.remove(removed.id.digest) }
                }
            }
        }
        return true
    }

    /// Removes a user's record, then what it leads to; the lock of the record must be held.
    func removeRecord(of user: User, keepConversations: Bool) throws(StoreError) {
        let directory = layout.conversations(of: user.archive)
        if keepConversations, Directory.exists(directory) {
            let kept = KeptArchive(of: user, removedAt: .now).record
            try AtomicFile.write(kept.bytes, to: layout.keptMark(directory), durable: isDurable)
        }
        // From here on no key of the user works: a key counts only while the record lists it.
        try Directory.removeFile(layout.user(user.id.digest), durably: isDurable)
        // Still under the lock: a user who is added again at once keeps what is new.
        try tidy(user.id) { () throws(StoreError) in
            for digest in user.keys.flatMap(\.digests) { try forgetKey(digest, of: user) }
            for key in user.keys { try forgetUse(of: key.id) }
            try markName(user.ledgerID, removedAt: .now)
            try Directory.removeTree(layout.answers(of: user.archive))
            if !keepConversations { try discard(directory, named: user.archive.digest) }
        }
    }

    /// Removes what was stored for a user while it was being removed, unless its conversations are kept.
    func discardLeftovers(_ archive: ArchiveID) throws(StoreError) {
        let directory = layout.conversations(of: archive)
        if Directory.exists(layout.keptMark(directory)) { return }
        try discard(directory, named: archive.digest)
    }

    /// Removes what removals that were cut off left behind: conversations and keys of no user.
    func sweepRemovedUsers() throws(StoreError) {
        for shard in try Directory.names(in: "\(layout.root)/conversations") {
            for digest in try Directory.names(in: "\(layout.root)/conversations/\(shard)") {
                try sweepArchive("\(layout.root)/conversations/\(shard)/\(digest)", named: digest)
            }
        }
        for shard in try Directory.names(in: "\(layout.root)/keys") {
            for name in try Directory.names(in: "\(layout.root)/keys/\(shard)") where name.hasSuffix(".json") {
                do throws(StoreError) { try sweepKey("\(layout.root)/keys/\(shard)/\(name)") } catch {
                    // Nothing is removed for damage, and the rest is swept.
                    guard error.kind == .corrupt else { throw error }
                }
            }
        }
    }

    private func sweepKey(_ path: String) throws(StoreError) {
        guard let record = try read(path), let id = Self.id(in: record) else { return }
        // Under the lock no key waits for its user's record.
        try userLock(id).withLock { () throws(StoreError) in
            let isListed = try user(id)?.keys.contains { $0.digests.contains { layout.key($0) == path } } ?? false
            if !isListed { try Directory.removeFile(path, durably: false) }
        }
    }

    private func sweepArchive(_ directory: String, named digest: String) throws(StoreError) {
        let archive: ArchiveID?
        do throws(StoreError) {
            archive = try read(layout.archiveOwner(directory)).flatMap(ArchiveID.init(record:))
        } catch {
            // Nobody knows whose it is: nothing is removed for damage.
            guard error.kind == .corrupt else { throw error }
            return
        }
        // Who has just made it is about to write the note.
        if archive == nil, isFresh(directory) { return }
        // Other directories without a note are of the version before, and their names say whose they are.
        let record = archive?.user.digest ?? digest
        guard try !isArchive(digest, ofRecord: record) else { return }
        if let kept = try kept(in: directory), try keptArchive(digest) == nil { try listKept(kept.user) }
        // Under the lock nobody adds the user in between.
        try layout.lock("users", record).withLock { () throws(StoreError) in
            guard try !isArchive(digest, ofRecord: record), !Directory.exists(layout.keptMark(directory)) else {
                return
            }
            try discard(directory, named: digest)
        }
    }

    /// Whether something was made in a directory, or it itself, within the hour.
    private func isFresh(_ directory: String) -> Bool {
        var status = stat()
        return lstat(directory, &status) == 0 && abs(time(nil) - status.st_mtim.tv_sec) < 3600
    }

    /// What the mark in a directory says; nil for none, and for one of the version before.
    private func kept(in directory: String) throws(StoreError) -> KeptArchive? {
        guard let file = try File.reading(layout.keptMark(directory)), try file.size > 0 else { return nil }
        return KeptArchive(record: try read(file))
    }

    private func isArchive(_ digest: String, ofRecord record: String) throws(StoreError) -> Bool {
        let path = layout.user(record)
        guard Directory.exists(path) else { return false }
        do throws(StoreError) {
            return try read(path).flatMap(User.init(record:)).map { $0.archive.digest == digest } ?? true
        } catch {
            // It may well be: nothing is removed for damage.
            guard error.kind == .corrupt else { throw error }
            return true
        }
    }

    /// Moves conversations out of sight with one rename, then deletes them.
    func discard(_ directory: String, named digest: String) throws(StoreError) {
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
