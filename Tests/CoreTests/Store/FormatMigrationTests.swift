import Glibc
import Testing

@testable import Core

/// State of format 1 is written by hand here, as the version before wrote it.
struct FormatMigrationTests {
    private let directory = TemporaryDirectory()
    private let numbered: User
    private let store: JSONFileStore
    private let old = ArchiveID(of: User.ID(owner: "self", userID: "old"), number: nil)

    init() throws {
        store = try directory.store(durability: .fsync)
        numbered = try store.adding(User(id: User.ID(owner: "self", userID: "u1"), username: "u1"))
        try AtomicFile.write(Array(#"{"version":1}"#.utf8), to: store.layout.format, durable: false)
        try Directory.create("\(store.layout.root)/threads")
        for archive in [numbered.archive, old] {
            let folder = store.layout.conversations(of: archive)
            try Directory.create(folder)
            // c1 was renamed, which put it on top, though its turn is the oldest.
            try write(
                "c1", 1, more: [#"{"type":"title","title":"renamed"}"#, #"{"type":"later","x":[1]}"#], in: archive)
            try write("c2", 3, in: archive)
            try write("c3", 2, in: archive)
            let list = IndexLog(path: "\(folder)/list.jsonl", isDurable: false)
            for id in ["c3", "c2", "c1"] { try list.put(id, ["title": JSON(id)]) }
            let names = [("one", ""), ("two", " c2")].map { name, id in
                (
                    JSONFileStore.threadName(name, of: archive),
                    " c2\n\(JSONFileStore.threadName(name, of: archive))\(id)\n"
                )
            }
            for (name, rest) in names {
                let log = try File("\(store.layout.root)/threads/\(name.prefix(3)).log", O_WRONLY | O_CREAT | O_APPEND)
                try log.write(Array("\(name)\(rest)".utf8))
            }
        }
        try AtomicFile.write([], to: store.layout.keptMark(store.layout.conversations(of: old)), durable: false)
    }

    private func path(_ id: String, _ archive: ArchiveID) -> String {
        "\(store.layout.conversations(of: archive))/\(Hex.sha256(id)).jsonl"
    }

    private func write(_ id: String, _ turns: Int, more: [String] = [], in archive: ArchiveID) throws {
        let header =
            #"{"type":"conversation","id":"\#(id)","title":"title of \#(id)","created_at":"2026-01-02T03:04:05.000006Z","#
            + #""account":"a","system":"be kind","upstream_id":"up","colour":"red"}"#
        let lines = (1...turns).map { number in
            #"{"type":"turn","id":"\#(id)-\#(number)","prompt":"p\#(number)","reply":"r","#
                + #""started_at":"2026-01-0\#(turns)T03:04:0\#(number).000006Z","outcome":"complete","model":"m","later":{"x":[1]}}"#
        }
        let all = try ([header] + lines + more).flatMap { ChecksummedLine.encode(try JSONReader.read($0)) }
        // The last line is torn.
        try AtomicFile.write(all + Array(#"{"crc":"00"#.utf8), to: path(id, archive), durable: false)
    }

    private func check(_ store: JSONFileStore) throws {
        for archive in [numbered.archive, old] {
            let list = try store.conversations(of: archive, before: nil, limit: 9)
            #expect(list.map(\.id) == ["c1", "c2", "c3"])
            #expect(list.map(\.turns) == [1, 3, 2])
            #expect(list[0].title == "renamed")
            let thread = try #require(try store.conversation("c2", of: archive))
            #expect(thread.turns.map(\.id) == ["c2-1", "c2-2", "c2-3"])
            #expect(thread.turns.map(\.prompt) == ["p1", "p2", "p3"])
            #expect(
                thread.system == "be kind" && thread.upstreamID == "up"
                    && thread.origin == .account(Account.ID(rawValue: "a")))
            #expect(thread.createdAt.rfc3339 == "2026-01-02T03:04:05.000006Z")
            #expect(thread.export["colour"]?.string == "red")
            #expect(thread.turns[0].line["later"]?["x"]?[0]?.int == 1)
            #expect(try store.conversation(withThread: "two", of: archive) == "c2")
            #expect(try store.conversation(withThread: "one", of: archive) == nil)
            let lines = try #require(try AppendLog.read(store.log(of: archive)))
            #expect(lines.skipped == 0)
            #expect(lines.objects.contains { $0["type"]?.string == "later" && $0["x"]?[0]?.int == 1 })
            let left = try Directory.names(in: store.layout.conversations(of: archive)).sorted()
            #expect(left == (archive == old ? ["0.log", "kept"] : ["0.log"]))
        }
        #expect(try store.keptArchives(of: old.user).map(\.archive) == [old])
        #expect(try store.read(store.layout.format) == ["version": 2])
        #expect(!Directory.exists("\(store.layout.root)/threads"))
    }

    @Test func `conversations, titles, threads and the order of lists come over, and nothing of them is left`()
        async throws
    {
        let migrated = try directory.store(durability: .fsync)

        try check(migrated)
        var thread = try #require(try migrated.conversation("c2", of: numbered.archive))
        thread.turns.append(Turn(prompt: "p4", reply: "", startedAt: .now))
        let isStored = try await migrated.finish(TurnEnd(of: thread, in: numbered.archive))
        #expect(isStored)
        #expect(try migrated.conversation("c2", of: numbered.archive) == thread)
    }

    @Test(arguments: [0, 100, 255])
    func `a migration that was cut off goes on`(part: Int) throws {
        // Logs that were written but not noted as done may be half there.
        for archive in [numbered.archive, old] {
            try AtomicFile.write(Array("{\"crc\"".utf8), to: store.log(of: archive), durable: false)
        }
        let digits = [numbered.archive, old].compactMap { Int($0.digest.prefix(2), radix: 16) }
        let done = min(part, digits.min() ?? 0)
        let format: JSON = ["version": 2, "migrated_parts": JSON(done)]
        try AtomicFile.write(format.bytes, to: store.layout.format, durable: false)

        try check(try directory.store(durability: .fsync))
    }

    @Test func `a part that is done loses nothing but its old files`() throws {
        let first = try directory.store(durability: .fsync)
        try check(first)
        try write("c2", 1, in: numbered.archive)
        let format: JSON = ["version": 2, "migrated_parts": 256]
        try AtomicFile.write(format.bytes, to: store.layout.format, durable: false)

        try check(try directory.store(durability: .fsync))
    }

    @Test func `a file that cannot be read is kept under another name`() throws {
        let path = path("c3", numbered.archive)
        try AtomicFile.write(Array("corrupt\n".utf8), to: path, durable: false)

        let migrated = try directory.store(durability: .fsync)

        #expect(try migrated.conversations(of: numbered.archive, before: nil, limit: 9).map(\.id) == ["c1", "c2"])
        #expect(try File("\(path).unreadable", O_RDONLY).readAll() == Array("corrupt\n".utf8))
    }

    @Test func `nothing is migrated while a server of the version before runs`() throws {
        let lease = try Lease.take("\(store.layout.journals)/0.journal", offset: 1 << 60)

        #expect(throws: StoreError.self) { try directory.store(durability: .fsync) }
        #expect(Directory.exists(path("c1", numbered.archive)))
        withExtendedLifetime(lease) {}
    }
}
