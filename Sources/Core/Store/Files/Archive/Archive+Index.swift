import Glibc

/// Whoever looks something up reads what stands in the logs beyond the index. Where that has become long, by more than
/// ``Archive/mostUnindexed``, the index and the list are extended first, so that no look costs more with a longer archive.
extension Archive {
    /// What is in the index, and the lines beyond it.
    struct View {
        struct Part {
            let log: Int
            let offset: Int
            let bytes: [UInt8]
        }

        let index: ArchiveIndex?
        let parts: [Part]

        /// Gives the lines beyond the index to `body`, those of one log in their order.
        func lines(_ body: (ArraySlice<UInt8>, LinePlace) throws(StoreError) -> Void) throws(StoreError) {
            for part in parts {
                var start = 0
                while let feed = part.bytes[start...].firstIndex(of: [0x0A]) {
                    let place = LinePlace(log: part.log, offset: part.offset + start, size: feed - start + 1)
                    try body(part.bytes[start..<feed], place)
                    start = feed + 1
                }
            }
        }
    }

    /// - Parameter isLocked: Whether this thread holds the archive's lock.
    func view(isLocked: Bool = false) throws(StoreError) -> View {
        // The index before the sizes of the logs: a line that it does not cover is then seen beyond it.
        let index = try ArchiveIndex.open(indexPath)
        let logs = try logs()
        guard isLong(logs, index) else { return try view(of: logs, beyond: index) }
        if isLocked { try extendLockedIndex() } else { try extendIndex() }
        return try viewAsItIs()
    }

    /// The same with however much stands beyond the index.
    func viewAsItIs() throws(StoreError) -> View {
        let index = try ArchiveIndex.open(indexPath)
        return try view(of: try logs(), beyond: index)
    }

    private func view(of logs: [Log], beyond index: ArchiveIndex?) throws(StoreError) -> View {
        var parts: [View.Part] = []
        for log in logs {
            let start = index?.covered(log.number) ?? 0
            guard log.size > start else { continue }
            let bytes = try log.kept.file.read(at: start, count: log.size - start)
            parts.append(View.Part(log: log.number, offset: start, bytes: bytes))
        }
        return View(index: index, parts: parts)
    }

    private func isLong(_ logs: [Log], _ index: ArchiveIndex?) -> Bool {
        logs.reduce(0) { $0 + max(0, $1.size - (index?.covered($1.number) ?? 0)) } > Self.mostUnindexed
    }

    /// Brings index and list up to date if much is missing in them; may take as long as the archive is large.
    func extendIndexIfLong() throws(StoreError) {
        guard isLong(try logs(), try ArchiveIndex.open(indexPath)) else { return }
        try extendIndex()
    }

    func extendIndex() throws(StoreError) {
        try aside { () throws(StoreError) in
            try lock.withLock { () throws(StoreError) in try extendLockedIndex() }
        }
    }

    func extendLockedIndex() throws(StoreError) {
        var index = try ArchiveIndex.open(indexPath)
        let logs = try logs()
        // A log that is shorter than what is covered of it is not the one that was covered.
        let isUsable =
            try list.isCurrent(boot: SystemBoot.id) && logs.allSatisfy { $0.size >= index?.covered($0.number) ?? 0 }
        if !isUsable { index = nil }
        var covered = index?.covered ?? []
        var news = News()
        for log in logs {
            while covered.count <= log.number { covered.append(0) }
            covered[log.number] = try Self.scan(log.kept.file, of: log.number, in: covered[log.number]..<log.size) {
                news.take($0, at: $1)
            }
        }
        let conversations = try news.conversations(in: self, index)
        let entries = conversations.map { (id: $0.line.conversation, entry: $0.place.json) }
        // The list first: an entry that it has twice is passed over.
        if index == nil { try list.rebuild(entries, boot: SystemBoot.id) } else { try list.put(entries) }
        let ids = conversations.map {
            ArchiveIndex.Entry($0.line.conversation, at: $0.place, sequence: $0.line.sequence)
        }
        try ArchiveIndex.update(index, at: indexPath, with: ids + news.threads, covering: covered) {
            old, new throws(StoreError) in
            if new.isGone == 1 { return new }
            if old.isGone == 1 {
                // Told out of order: the same conversation has taken the thread already.
                return old.sequence > new.sequence && news.owners[new.key] == old.offset ? old : new
            }
            // One that was removed counts for nothing, however long it was.
            if old.sequence <= new.sequence { return new }
            return try isRemoved(old.place) ? new : old
        }
    }

    /// What new lines say.
    private struct News {
        private var latest: [String: Found] = [:]
        private var changes: [(writtenAt: Int, entry: ArchiveIndex.Entry)] = []
        /// The conversation of a thread, both as keys.
        private(set) var owners: [UInt64: UInt64] = [:]

        /// In their order.
        var threads: [ArchiveIndex.Entry] {
            changes.enumerated().sorted { ($0.element.writtenAt, $0.offset) < ($1.element.writtenAt, $1.offset) }
                .map(\.element.entry)
        }

        mutating func take(_ bytes: ArraySlice<UInt8>, at place: LinePlace) {
            guard let line = ArchiveLine(whole: bytes, at: place) else { return }
            if line.sequence >= latest[line.conversation]?.line.sequence ?? 0 {
                latest[line.conversation] = Found(line: line, place: place)
            }
            if let gone = line.gone {
                changes.append(
                    (line.writtenAt, .init(goneThread: gone, of: line.conversation, sequence: line.sequence)))
            }
            for thread in line.known {
                let entry = ArchiveIndex.Entry(thread, at: place, sequence: line.sequence)
                owners[entry.key] = ArchiveIndex.key(line.conversation)
                changes.append((line.writtenAt, entry))
            }
        }

        /// The last line of each conversation, oldest first.
        func conversations(
            in archive: Archive, _ index: ArchiveIndex?
        ) throws(StoreError) -> [Found] {
            var found: [Found] = []
            for one in latest.values {
                // The turn ended while its conversation was removed, and its writer was killed before it saw that.
                if let before = one.line.before, try archive.isRemoved(before) {
                    try archive.blank([one.place], durable: false)
                } else {
                    found.append(one)
                }
            }
            return found.sorted { ($0.line.writtenAt, $0.place.offset) < ($1.line.writtenAt, $1.place.offset) }
        }
    }
}
