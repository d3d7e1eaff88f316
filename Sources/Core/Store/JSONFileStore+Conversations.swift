import Glibc

extension JSONFileStore {
    package func conversation(_ id: Conversation.ID, of user: User.ID) throws(StoreError) -> Conversation? {
        let path = layout.conversation(id, of: user)
        guard let (lines, skipped) = try AppendLog.read(path) else { return nil }
        if skipped > 0 { log.error("passed over spoilt lines", metadata: ["path": "\(path)", "lines": "\(skipped)"]) }
        guard let conversation = Conversation(lines: lines), conversation.id == id else {
            throw StoreError(.corrupt, "decode", path: path)
        }
        return conversation
    }

    package func openConversation(
        _ id: Conversation.ID, of user: User.ID
    ) throws(StoreError) -> ConversationFile? {
        let path = layout.conversation(id, of: user)
        guard let file = try ConversationFile(path) else { return nil }
        guard file.conversation.id == id else { throw StoreError(.corrupt, "decode", path: path) }
        return file
    }

    package func conversations(
        of user: User.ID, before: Conversation.ID?, limit: Int
    ) throws(StoreError) -> [Conversation.Summary] {
        let list = conversationList(of: user)
        if try !list.isCurrent(boot: SystemBoot.id) {
            guard Directory.exists(layout.conversations(of: user)) else { return [] }
            try listLock(of: user).withLock { () throws(StoreError) in try rebuildIfStale(list, of: user) }
        }
        var summaries: [Conversation.Summary] = []
        _ = try list.page(before: before, limit: limit) { id, entry in
            guard let summary = Conversation.Summary(id: id, entry: entry),
                Directory.exists(layout.conversation(id, of: user))
            else { return false }
            summaries.append(summary)
            return true
        }
        return summaries
    }

    package func appendTurn(of conversation: Conversation, of user: User.ID) async throws(StoreError) -> Bool {
        guard let turn = conversation.turns.last, Directory.exists(layout.user(user.digest)) else { return false }
        let isNew = conversation.turns.count == 1
        let path = layout.conversation(conversation.id, of: user)
        if isNew {
            // Asked first: mkdir(2) would lock the directory above.
            let directory = layout.conversations(of: user)
            if !Directory.exists(directory) { try Directory.create(directory, durably: isDurable) }
        } else if !Directory.exists(path) {
            return false
        }
        // The list comes first: an entry without a conversation is passed over.
        try list(conversation, of: user)
        if isNew {
            // Nobody else can know it yet, and it cannot be there already.
            try await createTurn(path, [conversation.header, turn.line])
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
        _ conversation: Conversation, of user: User.ID
    ) throws(StoreError) -> Bool {
        let path = layout.conversation(conversation.id, of: user)
        guard Directory.exists(layout.user(user.digest)), !Directory.exists(path) else { return false }
        try Directory.create(layout.conversations(of: user), durably: isDurable)
        try list(conversation, of: user)
        return try conversationLock(conversation.id).withLock { () throws(StoreError) in
            guard !Directory.exists(path) else { return false }
            try create(path, [conversation.header] + conversation.turns.map(\.line))
            return true
        }
    }

    package func renameConversation(
        _ id: Conversation.ID, of user: User.ID, to title: String
    ) throws(StoreError) -> Bool {
        guard var conversation = try conversation(id, of: user) else { return false }
        conversation.title = title
        try list(conversation, of: user)
        let path = layout.conversation(id, of: user)
        return try conversationLock(id).withLock { () throws(StoreError) in
            // Removed meanwhile by somebody else: an append would make it anew.
            guard Directory.exists(path) else { return false }
            try AppendLog.append([Conversation.titleLine(title)], to: path, durable: isDurable)
            return true
        }
    }

    package func removeConversation(_ id: Conversation.ID, of user: User.ID) throws(StoreError) -> Bool {
        let path = layout.conversation(id, of: user)
        let isRemoved = try conversationLock(id).withLock { () throws(StoreError) in
            if isDurable, Directory.exists(path) { try journals.removals.note(layout.relative(path)) }
            return try Directory.removeFile(path, durably: isDurable)
        }
        guard isRemoved else { return false }
        let list = conversationList(of: user)
        do throws(StoreError) {
            try listLock(of: user).withLock { () throws(StoreError) in try list.remove(id) }
        } catch {
            guard error.kind != .outcomeUnknown else { throw error }
            // The conversation is gone; an entry without one is passed over.
            log.error("a removed conversation stays in its list", metadata: ["error": "\(error)"])
        }
        return true
    }

    package func leaseTurn(in conversation: Conversation.ID) throws(StoreError) -> Lease? {
        let place = layout.turnLease(conversation)
        return try Lease.take(place.path, offset: place.offset)
    }

    private func conversationList(of user: User.ID) -> IndexLog {
        IndexLog(path: layout.conversationList(of: user), isDurable: false)
    }

    private func listLock(of user: User.ID) -> FileLock { layout.lock("lists", user.digest) }

    private func conversationLock(_ id: Conversation.ID) -> FileLock { layout.lock("conversations", Hex.sha256(id)) }

    /// Puts a conversation on top of its user's list.
    private func list(_ conversation: Conversation, of user: User.ID) throws(StoreError) {
        let list = conversationList(of: user)
        try listLock(of: user).withLock { () throws(StoreError) in
            try list.put(conversation.id, conversation.summary.entry) { () throws(StoreError) in
                try rebuild(list, of: user)
            }
        }
    }

    /// Reads the list anew from the conversations where a power cut may have cost it lines.
    private func rebuildIfStale(_ list: IndexLog, of user: User.ID) throws(StoreError) {
        if try !list.isCurrent(boot: SystemBoot.id) { try rebuild(list, of: user) }
    }

    private func rebuild(_ list: IndexLog, of user: User.ID) throws(StoreError) {
        let directory = layout.conversations(of: user)
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
