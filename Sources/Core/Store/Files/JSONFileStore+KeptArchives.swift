extension JSONFileStore {
    package func keptArchives(before: String?, limit: Int) throws(StoreError) -> [KeptArchive] {
        var kept: [KeptArchive] = []
        _ = try userList(layout.keptList).page(before: before, limit: limit) { _, entry throws(StoreError) in
            guard let archive = KeptArchive(record: entry), try isKept(archive.archive) else { return false }
            kept.append(archive)
            return true
        }
        return kept
    }

    package func keptArchive(_ digest: String) throws(StoreError) -> KeptArchive? {
        try userList(layout.keptList).entry(of: digest).flatMap(KeptArchive.init(record:)).flatMap {
            kept throws(StoreError) in try isKept(kept.archive) ? kept : nil
        }
    }

    package func keptArchives(of user: User.ID) throws(StoreError) -> [KeptArchive] {
        var kept: [KeptArchive] = []
        _ = try userList(layout.keptList).page(before: nil, limit: .max) { _, entry throws(StoreError) in
            guard let archive = KeptArchive(record: entry), archive.archive.user == user, try isKept(archive.archive)
            else { return false }
            kept.append(archive)
            return true
        }
        // The version before left a mark, and nothing in a list.
        let old = ArchiveID(of: user, number: nil)
        if !kept.contains(where: { $0.archive.digest == old.digest }), try isKept(old) {
            kept.append(KeptArchive(of: User(id: user, username: user.userID), removedAt: nil))
        }
        return kept
    }

    /// Notes in the list what the removal of `user` kept; the mark in the directory says it already.
    func listKept(_ user: User) throws(StoreError) {
        guard try isKept(user.archive) else { return }
        let list = userList(layout.keptList)
        try lock(ofList: list).withLock { () throws(StoreError) in
            try list.put(user.archive.digest, KeptArchive(of: user, removedAt: .now).record)
        }
    }

    /// The archive that a new user takes over: the one that was kept last of its id and its owner.
    func inheritance(of user: User) throws(StoreError) -> ArchiveID? {
        try keptArchives(of: user.id).first { $0.ownerNumber == user.ownerNumber }?.archive
    }

    /// Takes the mark of an archive that has a user again.
    func noteInherited(_ archive: ArchiveID) throws(StoreError) {
        try Directory.removeFile(layout.keptMark(layout.conversations(of: archive)), durably: isDurable)
        let list = userList(layout.keptList)
        try lock(ofList: list).withLock { () throws(StoreError) in try list.remove(archive.digest) }
    }

    private func isKept(_ archive: ArchiveID) throws(StoreError) -> Bool {
        guard Directory.exists(layout.keptMark(layout.conversations(of: archive))) else { return false }
        return try user(archive.user)?.archive.digest != archive.digest
    }
}
