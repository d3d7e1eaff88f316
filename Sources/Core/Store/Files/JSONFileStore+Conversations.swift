import Glibc

extension JSONFileStore {
    package func conversation(
        _ id: Conversation.ID, of archive: ArchiveID, atMost limit: Int
    ) throws(StoreError) -> StoredConversation? {
        try layout.archive(archive).conversation(id, atMost: limit, log)
    }

    package func conversation(_ id: Conversation.ID, of archive: ArchiveID) throws(StoreError) -> Conversation? {
        try conversation(id, of: archive, atMost: .max)?.conversation
    }

    package func conversationSize(_ id: Conversation.ID, of archive: ArchiveID) throws(StoreError) -> Int? {
        try layout.archive(archive).last(of: id).map { $0.line.bytesBefore + $0.place.size }
    }

    package func openConversation(
        _ id: Conversation.ID, of archive: ArchiveID
    ) throws(StoreError) -> ConversationFile? {
        try layout.archive(archive).open(id)
    }

    package func conversations(
        of archive: ArchiveID, before: Conversation.ID?, limit: Int
    ) throws(StoreError) -> [Conversation.Summary] {
        try layout.archive(archive).page(before: before, limit: limit)
    }

    package func admit(
        to name: Conversation.Name, of archive: ArchiveID, atMost limit: Int, timeout: Duration
    ) async throws -> TurnAdmission {
        guard let id = try conversation(named: name, of: archive) else { return .missing }
        guard let lease = try await lease(.turn(id), timeout: timeout) else { return .busy }
        // The turn that ran until now may have moved the name on, or have been the last.
        guard try conversation(named: name, of: archive) == id,
            let stored = try conversation(id, of: archive, atMost: limit)
        else { return .missing }
        return .admitted(lease, stored)
    }

    private func conversation(
        named name: Conversation.Name, of archive: ArchiveID
    ) throws(StoreError) -> Conversation.ID? {
        switch name {
        case .id(let id): try conversationSize(id, of: archive) == nil ? nil : id
        case .thread(let digest): try conversation(withThread: digest, of: archive)
        case .key(let key): try conversation(withKey: key, of: archive)
        }
    }

    package func finish(_ end: TurnEnd) async throws(StoreError) -> Bool {
        let archive = end.archive
        // First, because the upstream is to be paid whatever comes of the turn.
        let rows = try write(end.rows, by: end.user)
        let turn: Append?
        do throws(StoreError) { turn = try takesTurns(archive) ? try append(end) : nil } catch {
            try await makeDurable(rows)
            // A removal took the directory away meanwhile.
            guard error.code == ENOENT, try !takesTurns(archive) else { throw error }
            return false
        }
        try await makeDurable(rows + [turn].compactMap { $0 })
        guard let turn else { return false }
        extendIndex(of: archive, after: turn)
        guard try !takesTurns(archive) else { return true }
        // The user was removed meanwhile, perhaps before the directory was made anew.
        try discardLeftovers(archive)
        return false
    }

    /// Whether the user that the archive belongs to is there, and no other of its id.
    func takesTurns(_ archive: ArchiveID) throws(StoreError) -> Bool {
        try user(archive.user)?.archive == archive
    }

    /// Nil if the conversation is gone.
    private func append(_ end: TurnEnd) throws(StoreError) -> Append? {
        let files = layout.archive(end.archive)
        var tail = end.conversation.tail
        if tail == nil {
            if end.conversation.isNew {
                try createDirectory(of: end.archive)
            } else {
                guard let last = try files.last(of: end.conversation.id) else { return nil }
                tail = Conversation.Tail(last)
            }
        }
        var known = end.threadsAfter.map { Self.threadName($0, of: end.archive) }
        if let key = end.key { known.append(Self.keyName(key, of: end.archive)) }
        let gone = end.threadBefore.map { Self.threadName($0, of: end.archive) }
        let lines = Archive.lines(
            of: end, after: tail, known: known, gone: gone.flatMap { known.contains($0) ? nil : $0 })
        return try append(lines, to: files, after: tail)
    }

    /// Looks would do it, but a user who only writes must not leave all of it to the first of them.
    private func extendIndex(of archive: ArchiveID, after turn: Append) {
        let end = turn.offset + turn.bytes.count
        guard turn.offset / Archive.mostUnindexed != end / Archive.mostUnindexed else { return }
        do throws(StoreError) { try layout.archive(archive).extendIndexIfLong() } catch {
            log.error("an index could not be extended", metadata: ["error": "\(error)"])
        }
    }

    /// Appends lines of which the first is of a turn; nil, with that blanked, if what it follows was removed meanwhile.
    ///
    /// No lock orders this with a removal: whichever is later, the look at `tail` or the removal's look for new lines,
    /// sees what the other has written.
    private func append(
        _ lines: [UInt8], to files: Archive, after tail: Conversation.Tail?
    ) throws(StoreError) -> Append? {
        let stamp = JournalRecord.now
        let (log, offset) = try writer.append(lines, to: files)
        if let tail, try files.isRemoved(tail.place) {
            let size = (lines.firstIndex(of: 0x0A) ?? lines.count - 1) + 1
            try files.blank([LinePlace(log: log, offset: offset, size: size)], durable: false)
            return nil
        }
        return Append(path: files.path(ofLog: log), offset: offset, bytes: lines, stamp: stamp)
    }

    /// Lines that were appended to a file and are not durable yet.
    struct Append {
        var path: String
        var offset: Int
        var bytes: [UInt8]
        /// ``JournalRecord/now`` from before they were written.
        var stamp: Int
    }

    /// Makes appends durable, all with one sync.
    func makeDurable(_ appends: [Append]) async throws(StoreError) {
        guard isDurable, !appends.isEmpty else { return }
        if let journal = journal.current {
            let records = appends.map { append in
                JournalRecord(
                    path: layout.relative(append.path), offset: append.offset, stamp: append.stamp, bytes: append.bytes)
            }
            if try await journal.commit(records) { return }
        }
        for append in appends { try sync(append.path) }
    }

    /// Makes a file durable by itself; that waits for the disk.
    private func sync(_ path: String) throws(StoreError) {
        guard isDurable else { return }
        try File(path, O_RDONLY).syncData()
        if !syncedFilesKeepNames { try Directory.sync(Directory.parent(of: path)) }
    }

    package func importConversation(
        _ conversation: Conversation, of archive: ArchiveID
    ) throws(StoreError) -> Bool {
        guard try takesTurns(archive) else { return false }
        try createDirectory(of: archive)
        let files = layout.archive(archive)
        return try files.lock.withLock { () throws(StoreError) in
            guard try files.last(of: conversation.id, isLocked: true) == nil else { return false }
            var conversation = conversation
            conversation.tail = nil
            let lines = Archive.lines(of: TurnEnd(of: conversation, in: archive), after: nil)
            let place = try writer.append(lines, to: files)
            try sync(files.path(ofLog: place.log))
            return true
        }
    }

    package func renameConversation(
        _ id: Conversation.ID, of archive: ArchiveID, to title: String
    ) throws(StoreError) -> Bool {
        let files = layout.archive(archive)
        guard let last = try files.last(of: id) else { return false }
        var line = last.line
        line.sequence += 1
        line.writtenAt = Int(Timestamp.now.microsecondsSinceEpoch)
        line.before = last.place
        line.bytesBefore += last.place.size
        line.title = title
        (line.known, line.gone, line.parent, line.head, line.turnID) = ([], nil, nil, nil, nil)
        line.rowDay = nil
        guard let title = try append(line.encode(turn: nil), to: files, after: Conversation.Tail(last)) else {
            return false
        }
        try sync(title.path)
        return true
    }

    /// Makes the directory of an archive, with a note whose it is.
    ///
    /// The note is always synced and stands before anything else: a sweep takes a directory without one for that of the
    /// version before.
    private func createDirectory(of archive: ArchiveID) throws(StoreError) {
        let directory = layout.conversations(of: archive)
        let note = layout.archiveOwner(directory)
        // Asked first: mkdir(2) would lock the directory above.
        if Directory.exists(note) { return }
        try aside { () throws(StoreError) in
            try Directory.create(directory, durably: true)
            try AtomicFile.write(archive.record.bytes, to: note, durable: true)
        }
    }
}

extension Conversation.Tail {
    /// Of what is known without reading the conversation.
    init(_ last: Archive.Found) {
        self.init(
            log: last.place.log, offset: last.place.offset, size: last.place.size, sequence: last.line.sequence,
            turns: last.line.turns, bytes: last.line.bytesBefore + last.place.size, turnID: last.line.turnID)
    }
}
