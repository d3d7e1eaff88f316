import Glibc

/// Threads are names for conversations, in logs over which they are spread by digest, `<digest> <conversation>` a
/// line; a line without a conversation says that the thread has gone on. The last line of a digest counts.
///
/// A line is appended with one write and no lock. Losing one only means that the next call of that thread begins
/// a new conversation, so nothing is synced, and a line that is written while the log is rewritten may be lost.
extension JSONFileStore {
    package func conversation(withThread digest: String, of archive: ArchiveID) throws(StoreError) -> Conversation.ID? {
        let name = Self.threadName(digest, of: archive)
        guard let file = try File.reading(layout.threads(name)) else { return nil }
        return Self.lastConversation(of: Array(name.utf8), in: try file.readAll()[...])
    }

    package func noteThread(
        _ digest: String, after before: String?, of conversation: Conversation.ID, of archive: ArchiveID
    ) throws(StoreError) {
        try noteThread(Self.threadName(digest, of: archive), " \(conversation)")
        if let before, before != digest { try noteThread(Self.threadName(before, of: archive), "") }
    }

    /// Of one user: equal threads of two users are two threads.
    private static func threadName(_ digest: String, of archive: ArchiveID) -> String {
        Hex.sha256("\(archive.digest) \(digest)")
    }

    private static let rewriteEvery = 64 << 10

    private func noteThread(_ name: String, _ rest: String) throws(StoreError) {
        let path = layout.threads(name)
        let line = Array("\(name)\(rest)\n".utf8)
        let file = try File(path, O_WRONLY | O_CREAT | O_APPEND)
        try file.write(line)
        let size = try file.size
        if size / Self.rewriteEvery > (size - line.count) / Self.rewriteEvery { try rewriteThreads(path, name) }
    }

    /// Keeps only the last line of each thread, and none of those that have gone on.
    private func rewriteThreads(_ path: String, _ name: String) throws(StoreError) {
        try layout.lock("threads", name).withLock { () throws(StoreError) in
            guard let file = try File.reading(path) else { return }
            var last: [ArraySlice<UInt8>: (place: Int, line: ArraySlice<UInt8>)] = [:]
            for (place, line) in try file.readAll().split(separator: 0x0A).enumerated() {
                last[line.prefix(64)] = (place, line)
            }
            let kept = last.values.filter { $0.line.count > 65 }.sorted { $0.place < $1.place }
            try AtomicFile.write(kept.flatMap { Array($0.line) + [0x0A] }, to: path, durable: false)
        }
    }

    /// Reads from the end, where the threads that go on now are.
    private static func lastConversation(of name: [UInt8], in lines: ArraySlice<UInt8>) -> Conversation.ID? {
        var rest = lines
        while let end = rest.lastIndex(of: 0x0A) {
            let start = rest[..<end].lastIndex(of: 0x0A).map { $0 + 1 } ?? rest.startIndex
            let line = rest[start..<end]
            rest = rest[..<start]
            guard line.starts(with: name) else { continue }
            let id = String(decoding: line.dropFirst(name.count + 1), as: UTF8.self)
            return Identifier.isValid(id) ? id : nil
        }
        return nil
    }
}
