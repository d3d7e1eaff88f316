import Glibc

extension Archive {
    struct Found {
        var line: ArchiveLine
        var place: LinePlace
    }

    /// The last line of a conversation; nil where there is none of that id, or none any more.
    func last(of id: Conversation.ID, isLocked: Bool = false) throws(StoreError) -> Found? {
        let view = try view(isLocked: isLocked)
        var found: Found?
        try view.lines { bytes, place throws(StoreError) in
            guard ArchiveLine.mayConcern(Array(id.utf8), bytes), let line = ArchiveLine(whole: bytes, at: place),
                line.conversation == id, line.sequence >= found?.line.sequence ?? 0
            else { return }
            found = Found(line: line, place: place)
        }
        if let found { return try isOrphan(found.line) ? nil : found }
        guard let entry = try view.index?.entry(id) else { return nil }
        if let line = try line(at: entry.place), line.conversation == id {
            return Found(line: line, place: entry.place)
        }
        if try isRemoved(entry.place) { return nil }
        // Half written, or the line is corrupt.
        return try lines(of: id).last
    }

    /// Whether a turn was stored behind the removal of its conversation.
    func isOrphan(_ line: ArchiveLine) throws(StoreError) -> Bool {
        guard let before = line.before else { return false }
        return try isRemoved(before)
    }

    /// The conversation that a thread names; its name is that of ``JSONFileStore/threadName(_:of:)``.
    func conversation(withThread name: String) throws(StoreError) -> Conversation.ID? {
        let view = try view()
        let needle = Array(name.utf8)
        var last: (writtenAt: Int, id: Conversation.ID?)?
        try view.lines { bytes, place throws(StoreError) in
            // Threads stand in front.
            guard bytes.prefix(1024).firstIndex(of: needle) != nil, let line = ArchiveLine(whole: bytes, at: place),
                line.writtenAt >= last?.writtenAt ?? 0
            else { return }
            if line.known.contains(name) {
                last = (line.writtenAt, line.conversation)
            } else if line.gone == name {
                last = (line.writtenAt, nil)
            }
        }
        if let last { return last.id }
        guard let entry = try view.index?.entry(name), entry.isGone == 0, let line = try line(at: entry.place),
            line.known.contains(name)
        else { return nil }
        return line.conversation
    }

    enum ChainEnd { case whole, removed, damaged }

    /// Gives the lines of a conversation to `take`, from the last to the first: each says where the one before stands.
    ///
    /// - Parameter isWhole: Whether to read whole lines and compare their checksums; else only what stands before turns.
    func chain(
        to last: Found, isWhole: Bool, _ take: (Found, ArraySlice<UInt8>) throws(StoreError) -> Void
    ) throws(StoreError) -> ChainEnd {
        var place: LinePlace? = last.place
        var sequence = last.line.sequence + 1
        while let here = place {
            let bytes = isWhole ? try bytes(at: here) : []
            let line = isWhole ? ArchiveLine(whole: bytes[...], at: here) : try line(at: here)
            guard let line, line.conversation == last.line.conversation, line.sequence < sequence else {
                return try isRemoved(here) ? .removed : .damaged
            }
            try take(Found(line: line, place: here), bytes[...])
            sequence = line.sequence
            place = line.before
        }
        return .whole
    }

    /// The whole lines of a conversation in their order, found by reading all logs.
    func lines(of id: Conversation.ID) throws(StoreError) -> [Found] {
        let name = Array(id.utf8)
        return try aside { () throws(StoreError) in
            var found: [Found] = []
            for log in try logs() {
                try Self.scan(log.kept.file, of: log.number, in: 0..<log.size) { bytes, place throws(StoreError) in
                    guard ArchiveLine.mayConcern(name, bytes), let line = ArchiveLine(whole: bytes, at: place),
                        line.conversation == id
                    else { return }
                    found.append(Found(line: line, place: place))
                }
            }
            return found.sorted { $0.line.sequence < $1.line.sequence }
        }
    }
}
