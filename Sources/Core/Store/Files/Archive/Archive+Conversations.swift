import Logging

/// Conversations are put together from their lines.
extension Archive {
    /// A longer conversation holds up what else its thread does, in bytes.
    private static let mostReadAtOnce = 256 << 10

    /// A conversation that is there, and all of it where it is not too large.
    func conversation(
        _ id: Conversation.ID, atMost limit: Int, _ log: Logger
    ) throws(StoreError) -> StoredConversation? {
        guard let last = try last(of: id) else { return nil }
        let size = last.line.bytesBefore + last.place.size
        guard size <= limit else { return StoredConversation(size: size, conversation: nil) }
        let whole =
            size <= Self.mostReadAtOnce
            ? try conversation(to: last, log)
            : try aside { () throws(StoreError) in try conversation(to: last, log) }
        return whole.map { StoredConversation(size: size, conversation: $0) }
    }

    /// The conversation whose last line is `last`; nil where it is removed meanwhile.
    private func conversation(to last: Found, _ log: Logger) throws(StoreError) -> Conversation? {
        var found: [Found] = []
        var turns: [Turn] = []
        var unread = 0
        func take(_ one: Found, _ bytes: ArraySlice<UInt8>) {
            found.append(one)
            guard one.line.turnID != nil else { return }
            if let turn = ArchiveLine.turn(in: bytes) { turns.append(turn) } else { unread += 1 }
        }
        switch try chain(to: last, isWhole: true, take) {
        case .removed: return nil
        case .whole: break
        case .damaged:
            (found, turns, unread) = ([], [], 0)
            for one in try lines(of: last.line.conversation).reversed() { take(one, try bytes(at: one.place)[...]) }
            log.error("passed over corrupt lines", metadata: ["path": "\(directory)"])
        }
        if unread > 0 {
            log.error("passed over unknown turns", metadata: ["path": "\(directory)", "turns": "\(unread)"])
        }
        guard var conversation = Self.head(found) else { return nil }
        conversation.turns = turns.reversed()
        return conversation
    }

    /// The same to be read turn by turn.
    func open(_ id: Conversation.ID) throws(StoreError) -> ConversationFile? {
        guard let last = try last(of: id) else { return nil }
        var found: [Found] = []
        switch try chain(to: last, isWhole: false, { one, _ in found.append(one) }) {
        case .removed: return nil
        case .whole: break
        case .damaged: found = try lines(of: id).reversed()
        }
        guard let conversation = Self.head(found) else { return nil }
        return ConversationFile(self, conversation, found.reversed())
    }

    /// A conversation without its turns, of its lines from the last to the first.
    private static func head(_ lines: [Found]) -> Conversation? {
        guard let last = lines.first else { return nil }
        let line = last.line
        let head = lines.lazy.compactMap(\.line.head).first ?? JSONObject()
        var conversation = Conversation(
            id: line.conversation, title: line.title, createdAt: line.createdAt, origin: line.origin, head: head)
        conversation.tail = Conversation.Tail(
            log: last.place.log, offset: last.place.offset, size: last.place.size, sequence: line.sequence,
            turns: line.turns, bytes: line.bytesBefore + last.place.size,
            turnID: lines.lazy.compactMap(\.line.turnID).first, head: head)
        return conversation
    }

    /// Up to `limit` conversations, those changed last first, older than the one named by `before`.
    func page(before: Conversation.ID?, limit: Int) throws(StoreError) -> [Conversation.Summary] {
        let view = try view()
        var latest: [Conversation.ID: Found] = [:]
        try view.lines { bytes, place throws(StoreError) in
            guard let line = ArchiveLine(whole: bytes, at: place),
                line.sequence >= latest[line.conversation]?.line.sequence ?? 0
            else { return }
            latest[line.conversation] = Found(line: line, place: place)
        }
        var page: [Conversation.Summary] = []
        var isReached = before == nil
        for one in latest.values.sorted(by: {
            ($0.line.writtenAt, $0.place.offset) > ($1.line.writtenAt, $1.place.offset)
        }) {
            guard page.count < limit else { return page }
            if isReached {
                if try !isOrphan(one.line) { page.append(one.line.summary) }
            } else {
                isReached = one.line.conversation == before
            }
        }
        guard view.index != nil, page.count < limit else { return page }
        _ = try list.page(before: isReached ? nil : before, limit: limit - page.count) { id, entry throws(StoreError) in
            guard latest[id] == nil, let place = LinePlace(entry), let line = try line(at: place),
                line.conversation == id
            else { return false }
            page.append(line.summary)
            return true
        }
        return page
    }
}
