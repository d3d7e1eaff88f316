import Glibc
import Testing

@testable import Core

struct ArchiveTests {
    private let directory = TemporaryDirectory()

    private func conversation(_ id: String, reply: String = "reply") -> Conversation {
        Conversation(
            id: id, title: "title of \(id)", origin: .account(Account.ID(rawValue: "a")),
            turns: [Turn(prompt: "prompt of \(id)", reply: reply, startedAt: .now)])
    }

    private func start(_ durability: Settings.Durability = .flush) throws -> (JSONFileStore, ArchiveID) {
        let store = try directory.store(durability: durability)
        let user = User(id: User.ID(owner: "self", userID: "u1"), username: "u1")
        return (store, try store.adding(user).archive)
    }

    private func followUp(
        _ id: String, _ prompt: String, in archive: ArchiveID, of store: JSONFileStore, reply: String = ""
    ) async throws -> Conversation {
        var thread = try #require(try store.conversation(id, of: archive))
        thread.turns.append(Turn(prompt: prompt, reply: reply, startedAt: .now))
        #expect(try await store.finish(TurnEnd(of: thread, in: archive)))
        return thread
    }

    @Test func `a torn last line is passed over and does not spoil the next`() async throws {
        let (store, owner) = try start()
        _ = try await store.appendTurn(of: conversation("c1"), of: owner)
        try File(store.log(of: owner), O_WRONLY | O_APPEND).write(Array("{\"crc\":\"0000".utf8))

        let thread = try await followUp("c1", "next", in: owner, of: store)

        #expect(try store.conversation("c1", of: owner) == thread)
    }

    @Test(arguments: ["prompt of c1", "more 0", "more 1"])
    func `a corrupt line costs that line only`(corrupt: String) async throws {
        let (store, owner) = try start()
        _ = try await store.appendTurn(of: conversation("c1"), of: owner)
        for number in 0..<2 { _ = try await followUp("c1", "more \(number)", in: owner, of: store) }
        try JSONFileStore.spoil(corrupt, with: "X", in: store.log(of: owner))

        let left = ["prompt of c1", "more 0", "more 1"].filter { $0 != corrupt }
        #expect(try store.conversation("c1", of: owner)?.turns.map(\.prompt) == left)
        #expect(try store.conversations(of: owner, before: nil, limit: 9).map(\.id) == ["c1"])
    }

    @Test func `conversations of two writers stand in the order of their last turns`() async throws {
        let (one, owner) = try start()
        let other = try directory.store()
        _ = try await one.appendTurn(of: conversation("c1"), of: owner)
        _ = try await other.appendTurn(of: conversation("c2"), of: owner)
        let thread = try await followUp("c1", "more", in: owner, of: other)

        #expect(try one.conversations(of: owner, before: nil, limit: 9).map(\.id) == ["c1", "c2"])
        #expect(try one.conversation("c1", of: owner) == thread)
        #expect(try Directory.names(in: one.layout.conversations(of: owner)).filter { $0.hasSuffix(".log") }.count == 2)
    }

    @Test func `an archive that has grown is indexed, and all of it is found`() async throws {
        let (store, owner) = try start()
        let files = store.layout.archive(owner)
        let large = String(repeating: "words ", count: 300)
        for number in 0..<300 {
            let thread = conversation("c\(number)", reply: large)
            let end = TurnEnd(of: thread, in: owner, threadsAfter: ["thread \(number)"])
            #expect(try await store.finish(end))
        }
        for number in stride(from: 0, to: 300, by: 7) {
            _ = try await followUp("c\(number)", "more", in: owner, of: store, reply: large)
        }
        #expect(try store.removeConversation("c8", of: owner))

        for look in 0..<3 {
            if look == 1 { unlink(files.indexPath) }
            if look == 2 { try File(files.indexPath, O_RDWR).write(Array("corrupt".utf8), at: 0) }
            let all = try store.conversations(of: owner, before: nil, limit: 1000)
            #expect(all.count == 299)
            #expect(all.first?.id == "c294")
            #expect(Set(all.map(\.id)).count == 299)
            let page = try store.conversations(of: owner, before: all[99].id, limit: 50)
            #expect(page == Array(all[100..<150]))
            for number in [0, 7, 8, 9, 150, 298, 299] {
                #expect(
                    try store.conversation("c\(number)", of: owner)?.turns.count
                        == (number == 8 ? nil : number % 7 == 0 ? 2 : 1))
                let found = try store.conversation(withThread: "thread \(number)", of: owner)
                #expect(found == (number == 8 ? nil : "c\(number)"))
            }
            #expect(try ArchiveIndex.open(files.indexPath) != nil)
            #expect(try store.conversation("c300", of: owner) == nil)
        }
    }

    @Test func `a thread names its latest conversation until it goes on, for its own user only`() async throws {
        let (store, ada) = try start()
        let bob = try store.adding(User(id: User.ID(owner: "self", userID: "bob"), username: "bob")).archive
        for id in ["c1", "c2"] {
            #expect(try await store.finish(TurnEnd(of: conversation(id), in: ada, threadsAfter: ["one"])))
        }
        #expect(try store.conversation(withThread: "one", of: ada) == "c2")
        #expect(try store.conversation(withThread: "one", of: bob) == nil)

        var thread = try #require(try store.conversation("c2", of: ada))
        thread.turns.append(Turn(prompt: "more", reply: "", startedAt: .now))
        #expect(
            try await store.finish(TurnEnd(of: thread, in: ada, threadBefore: "one", threadsAfter: ["two", "three"])))

        for _ in 0..<2 {
            #expect(try store.conversation(withThread: "one", of: ada) == nil)
            #expect(try store.conversation(withThread: "two", of: ada) == "c2")
            #expect(try store.conversation(withThread: "three", of: ada) == "c2")
            try store.layout.archive(ada).extendIndex()
        }
    }

    @Test func `a key names the conversation that began with it until that is removed, for its own user only`()
        async throws
    {
        let (store, ada) = try start()
        let bob = try store.adding(User(id: User.ID(owner: "self", userID: "bob"), username: "bob")).archive
        for (id, key) in [("c1", "one"), ("c2", "two")] {
            #expect(try await store.finish(TurnEnd(of: conversation(id), in: ada, key: key)))
        }
        _ = try await followUp("c1", "more", in: ada, of: store)

        for _ in 0..<2 {
            #expect(try store.conversation(withKey: "one", of: ada) == "c1")
            #expect(try store.conversation(withKey: "two", of: ada) == "c2")
            #expect(try store.conversation(withKey: "One", of: ada) == nil)
            #expect(try store.conversation(withKey: "one", of: bob) == nil)
            // It is no thread of messages, whatever the caller calls it.
            #expect(try store.conversation(withThread: "one", of: ada) == nil)
            try store.layout.archive(ada).extendIndex()
        }
        #expect(try store.removeConversation("c1", of: ada))
        #expect(try store.conversation(withKey: "one", of: ada) == nil)
        #expect(try await store.finish(TurnEnd(of: conversation("c3"), in: ada, key: "one")))
        for _ in 0..<2 {
            #expect(try store.conversation(withKey: "one", of: ada) == "c3")
            #expect(try store.conversation(withKey: "two", of: ada) == "c2")
            try store.layout.archive(ada).extendIndex()
        }
        // The index is derived.
        unlink(store.layout.archive(ada).indexPath)
        #expect(try store.conversation(withKey: "one", of: ada) == "c3")
    }

    @Test func `removed words are nowhere, and what stood beside them stays`() async throws {
        let (store, owner) = try start(.fsync)
        for id in ["c1", "c2", "c3"] {
            let reply = String(repeating: "words of \(id) ", count: 3000)
            _ = try await store.appendTurn(of: conversation(id, reply: reply), of: owner)
        }
        let kept = try await followUp("c3", "more", in: owner, of: store)
        _ = try await followUp("c2", "more", in: owner, of: store)

        #expect(try store.removeConversation("c2", of: owner))

        let bytes = try File(store.log(of: owner), O_RDONLY).readAll()
        #expect(!String(decoding: bytes, as: UTF8.self).contains("of c2"))
        #expect(try store.conversation("c2", of: owner) == nil)
        #expect(try store.conversation("c3", of: owner) == kept)
        #expect(try store.conversation("c1", of: owner)?.turns.count == 1)
        #expect(try store.conversations(of: owner, before: nil, limit: 9).map(\.id) == ["c3", "c1"])
        #expect(try store.importConversation(conversation("c2"), of: owner))
        #expect(try store.conversation("c2", of: owner)?.turns.count == 1)
    }

    @Test func `a turn that ends after the removal of its conversation is not stored`() async throws {
        let (store, owner) = try start()
        _ = try await store.appendTurn(of: conversation("c1"), of: owner)
        var thread = try #require(try store.conversation("c1", of: owner))
        thread.turns.append(Turn(prompt: "too late", reply: "", startedAt: .now))
        #expect(try store.removeConversation("c1", of: owner))

        #expect(try await !store.finish(TurnEnd(of: thread, in: owner)))

        let bytes = try File(store.log(of: owner), O_RDONLY).readAll()
        #expect(!String(decoding: bytes, as: UTF8.self).contains("too late"))
        #expect(try store.conversation("c1", of: owner) == nil)
    }

    @Test func `a removal that was cut off is finished by whoever starts next`() async throws {
        let (store, owner) = try start(.fsync)
        _ = try await store.appendTurn(of: conversation("c1"), of: owner)
        _ = try await followUp("c1", "more", in: owner, of: store)
        let files = store.layout.archive(owner)
        let places = try files.lines(of: "c1").map(\.place)
        let record: JSON = [
            "directory": JSON(store.layout.relative(files.directory)), "conversation": "c1",
            "lines": .array(places.map(\.json)),
        ]
        let pending = store.layout.removal(of: "c1", in: owner)
        try AtomicFile.write(record.bytes, to: pending, durable: false)
        try files.blank([places[1]], durable: false)

        let next = try directory.store(durability: .fsync)

        #expect(!Directory.exists(pending))
        #expect(try files.lines(of: "c1").isEmpty)
        #expect(try next.conversation("c1", of: owner) == nil)
    }

    @Test func `another title comes with the next look, and its conversation on top`() async throws {
        let (store, owner) = try start()
        for id in ["c1", "c2"] { _ = try await store.appendTurn(of: conversation(id), of: owner) }

        #expect(try store.renameConversation("c1", of: owner, to: "other"))
        #expect(try !store.renameConversation("c9", of: owner, to: "other"))

        #expect(try store.conversations(of: owner, before: nil, limit: 9).map(\.title) == ["other", "title of c2"])
        #expect(try await followUp("c1", "more", in: owner, of: store).title == "other")
        #expect(try store.conversation("c1", of: owner)?.turns.count == 2)
    }

    @Test func `lines of other kinds are passed over`() async throws {
        let (store, owner) = try start()
        _ = try await store.appendTurn(of: conversation("c1"), of: owner)
        let row: JSON = ["type": "usage", "conversation": "c1", "prompt": 3]
        try AppendLog.append([row], to: store.log(of: owner), durable: false)

        #expect(try store.conversation("c1", of: owner)?.turns.count == 1)
        #expect(try await followUp("c1", "more", in: owner, of: store).turns.count == 2)
    }

    @Test(
        arguments: [("ext4", false), ("xfs", false), ("tmpfs", false), ("fuseblk", false), ("overlay", false)]
            + [
                "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "fuse", "fuse.sshfs", "fuse.glusterfs", "gfs2",
                "ocfs2",
                "lustre", "afs",
            ].map { ($0, true) })
    func `file systems that several hosts share are refused`(name: String, isRefused: Bool) {
        #expect(FileSystemKind.isShared(name) == isRefused)
    }
}
