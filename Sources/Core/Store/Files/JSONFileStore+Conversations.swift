import Glibc

extension JSONFileStore {
    package func conversation(_ id: Conversation.ID, of archive: ArchiveID) throws(StoreError) -> Conversation? {
        let path = layout.conversation(id, of: archive)
        guard let (lines, skipped) = try AppendLog.read(path) else { return nil }
        if skipped > 0 { log.error("passed over spoilt lines", metadata: ["path": "\(path)", "lines": "\(skipped)"]) }
        var unread = 0
        guard let conversation = Conversation(lines: lines, skip: { _ in unread += 1 }), conversation.id == id else {
            throw StoreError(.corrupt, "decode", path: path)
        }
        if unread > 0 { log.error("passed over unknown turns", metadata: ["path": "\(path)", "turns": "\(unread)"]) }
        return conversation
    }

    package func conversationSize(_ id: Conversation.ID, of archive: ArchiveID) throws(StoreError) -> Int? {
        try File.reading(layout.conversation(id, of: archive))?.size
    }

    package func openConversation(
        _ id: Conversation.ID, of archive: ArchiveID
    ) throws(StoreError) -> ConversationFile? {
        let path = layout.conversation(id, of: archive)
        guard let file = try ConversationFile(path) else { return nil }
        guard file.conversation.id == id else { throw StoreError(.corrupt, "decode", path: path) }
        return file
    }

    package func conversations(
        of archive: ArchiveID, before: Conversation.ID?, limit: Int
    ) throws(StoreError) -> [Conversation.Summary] {
        let list = conversationList(of: archive)
        if try !list.isCurrent(boot: SystemBoot.id) {
            guard Directory.exists(layout.conversations(of: archive)) else { return [] }
            try listLock(of: archive).withLock { () throws(StoreError) in try rebuildIfStale(list, of: archive) }
        }
        var summaries: [Conversation.Summary] = []
        _ = try list.page(before: before, limit: limit) { id, entry in
            guard let summary = Conversation.Summary(id: id, entry: entry),
                Directory.exists(layout.conversation(id, of: archive))
            else { return false }
            summaries.append(summary)
            return true
        }
        return summaries
    }

    package func appendTurn(of conversation: Conversation, of archive: ArchiveID) async throws(StoreError) -> Bool {
        do throws(StoreError) {
            guard try takesTurns(archive), try await append(conversation, to: archive) else { return false }
        } catch {
            // A removal took the directory away meanwhile.
            guard error.code == ENOENT, try !takesTurns(archive) else { throw error }
            return false
        }
        guard try !takesTurns(archive) else { return true }
        // The user was removed meanwhile, perhaps before the directory was made anew.
        try discardLeftovers(archive)
        return false
    }

    /// Whether the user that the archive belongs to is there, and no other of its id.
    func takesTurns(_ archive: ArchiveID) throws(StoreError) -> Bool {
        try user(archive.user)?.archive == archive
    }

    /// Stores the last turn of `conversation`; false if the conversation is gone.
    private func append(_ conversation: Conversation, to archive: ArchiveID) async throws(StoreError) -> Bool {
        guard let turn = conversation.turns.last else { return false }
        let isNew = conversation.isNew
        let path = layout.conversation(conversation.id, of: archive)
        if isNew {
            try createDirectory(of: archive)
        } else if !Directory.exists(path) {
            return false
        }
        // The list comes first: an entry without a conversation is passed over.
        try list(conversation, of: archive)
        if isNew {
            // Nobody else can know it yet, and it cannot be there already.
            try await createTurn(path, [conversation.header] + conversation.turns.map(\.line))
            return true
        }
        let journal = isDurable ? journal.current : nil
        let stamp = JournalRecord.now
        let lines = ChecksummedLine.encode(turn.line)
        // The size of the file with the turn.
        let end = try conversationLock(conversation.id).withLock { () throws(StoreError) -> Int? in
            // None if it was removed meanwhile by somebody else.
            guard let file = try File.opening(path, O_RDWR | O_APPEND) else { return nil }
            return try AppendLog.append(lines, to: file, durable: isDurable && journal == nil)
        }
        guard let end else { return false }
        guard let journal else { return true }
        if try await !journal.commit(lines, in: layout.relative(path), at: end - lines.count, stamp: stamp) {
            try File(path, O_RDONLY).syncData()
        }
        return true
    }

    package func importConversation(
        _ conversation: Conversation, of archive: ArchiveID
    ) throws(StoreError) -> Bool {
        let path = layout.conversation(conversation.id, of: archive)
        guard try takesTurns(archive), !Directory.exists(path) else { return false }
        try createDirectory(of: archive)
        try list(conversation, of: archive)
        return try conversationLock(conversation.id).withLock { () throws(StoreError) in
            guard !Directory.exists(path) else { return false }
            try create(path, [conversation.header] + conversation.turns.map(\.line))
            return true
        }
    }

    package func renameConversation(
        _ id: Conversation.ID, of archive: ArchiveID, to title: String
    ) throws(StoreError) -> Bool {
        guard var conversation = try conversation(id, of: archive) else { return false }
        conversation.title = title
        try list(conversation, of: archive)
        let path = layout.conversation(id, of: archive)
        return try conversationLock(id).withLock { () throws(StoreError) in
            // Removed meanwhile by somebody else: an append would make it anew.
            guard Directory.exists(path) else { return false }
            try AppendLog.append([Conversation.titleLine(title)], to: path, durable: isDurable)
            return true
        }
    }

    package func removeConversation(_ id: Conversation.ID, of archive: ArchiveID) throws(StoreError) -> Bool {
        let path = layout.conversation(id, of: archive)
        let isRemoved = try conversationLock(id).withLock { () throws(StoreError) in
            if isDurable, Directory.exists(path) { try journals.removals.note(layout.relative(path)) }
            return try Directory.removeFile(path, durably: isDurable)
        }
        guard isRemoved else { return false }
        let list = conversationList(of: archive)
        do throws(StoreError) {
            try listLock(of: archive).withLock { () throws(StoreError) in try list.remove(id) }
        } catch {
            guard error.kind != .outcomeUnknown else { throw error }
            // The conversation is gone; an entry without one is passed over.
            log.error("a removed conversation stays in its list", metadata: ["error": "\(error)"])
        }
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
        try Directory.create(directory, durably: true)
        try AtomicFile.write(archive.record.bytes, to: note, durable: true)
    }

    private func conversationList(of archive: ArchiveID) -> IndexLog {
        IndexLog(path: layout.conversationList(of: archive), isDurable: false)
    }

    private func listLock(of archive: ArchiveID) -> FileLock { layout.lock("lists", archive.digest) }

    private func conversationLock(_ id: Conversation.ID) -> FileLock { layout.lock("conversations", Hex.sha256(id)) }

    /// Puts a conversation on top of its user's list.
    private func list(_ conversation: Conversation, of archive: ArchiveID) throws(StoreError) {
        let list = conversationList(of: archive)
        try listLock(of: archive).withLock { () throws(StoreError) in
            try list.put(conversation.id, conversation.summary.entry) { () throws(StoreError) in
                try rebuild(list, of: archive)
            }
        }
    }

    /// Reads the list anew from the conversations where a power cut may have cost it lines.
    private func rebuildIfStale(_ list: IndexLog, of archive: ArchiveID) throws(StoreError) {
        if try !list.isCurrent(boot: SystemBoot.id) { try rebuild(list, of: archive) }
    }

    private func rebuild(_ list: IndexLog, of archive: ArchiveID) throws(StoreError) {
        let directory = layout.conversations(of: archive)
        var summaries: [Conversation.Summary] = []
        for name in try Directory.names(in: directory) where name.hasSuffix(".jsonl") && name != "list.jsonl" {
            guard let (lines, _) = try AppendLog.read("\(directory)/\(name)"),
                let conversation = Conversation(lines: lines)
            else { continue }
            summaries.append(conversation.summary)
        }
        summaries.sort { $0.updatedAt < $1.updatedAt }
        try list.rebuild(summaries.map { ($0.id, $0.entry) }, boot: SystemBoot.id)
    }
}
