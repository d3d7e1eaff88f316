import Glibc
import Logging
import Testing

@testable import Core

struct TurnJournalTests {
    private let directory = TemporaryDirectory()

    private func conversation(_ id: String, turns: Int = 1) -> Conversation {
        Conversation(
            id: id, title: "title of \(id)", origin: .account(Account.ID(rawValue: "a")),
            turns: (0..<turns).map { Turn(prompt: "prompt \($0)", reply: "reply \($0)", startedAt: .now) })
    }

    private func storeWithJournal() throws -> (JSONFileStore, ArchiveID) {
        let store = try directory.store(durability: .fsync)
        store.openJournal()
        try #require(store.journal.current != nil)
        let owner = try store.adding(User(id: User.ID(owner: "self", userID: "u1"), username: "u1"))
        return (store, owner.archive)
    }

    /// The state as a disk would have it without what `damage` takes away, opened by another process.
    private func afterPowerCut(_ store: JSONFileStore, _ damage: (StateLayout) throws -> Void) throws -> JSONFileStore {
        let root = "\(directory.path)/copy-\(Identifier.random())"
        try copy(store.layout.root, to: root)
        try damage(StateLayout(root: root))
        return try JSONFileStore(root: root, durability: .fsync, log: Logger(label: "test"))
    }

    private func isEmpty(_ kept: OpenFile) throws -> Bool { try kept.file.readAll().allSatisfy { $0 == 0 } }

    private func copy(_ from: String, to path: String) throws {
        try Directory.create(path, durably: false)
        for name in try Directory.names(in: from) {
            let (source, target) = ("\(from)/\(name)", "\(path)/\(name)")
            var status = stat()
            guard lstat(source, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                try copy(source, to: target)
            } else {
                try File(target, O_WRONLY | O_CREAT).write(try File(source, O_RDONLY).readAll())
            }
        }
    }

    @Test func `turns that a power cut took come back`() async throws {
        let (store, owner) = try storeWithJournal()
        var (lost, cut) = (conversation("lost"), conversation("cut"))
        #expect(try await store.appendTurn(of: lost, of: owner))
        #expect(try await store.appendTurn(of: cut, of: owner))
        let one = try File(store.log(of: owner), O_RDONLY).size
        cut.turns.append(Turn(prompt: "second", reply: "ä😀", startedAt: .now))
        #expect(try await store.appendTurn(of: cut, of: owner))
        lost.turns.append(Turn(prompt: "second", reply: "more", startedAt: .now))
        #expect(try await store.appendTurn(of: lost, of: owner))

        let after = try afterPowerCut(store) { layout in
            try File(layout.archive(owner).path(ofLog: 0), O_RDWR).truncate(to: one + 7)
        }

        #expect(try after.conversation("lost", of: owner) == lost)
        #expect(try after.conversation("cut", of: owner) == cut)
        store.closeJournal()
    }

    @Test func `a turn comes back with its row`() async throws {
        let (store, owner) = try storeWithJournal()
        let user = try #require(try store.user(owner.user))
        let today = Day(utc: .now)
        for number in 0..<2 {
            let talk = conversation("c\(number)")
            var row = UsageRow(
                at: .now, day: today, account: "a", kind: .chat, usage: TokenUsage(prompt: 10, completion: 1))
            row.turn = talk.turns[0].id
            #expect(try await store.finish(TurnEnd(of: talk, in: owner, rows: [row], by: user)))
        }

        let after = try afterPowerCut(store) { layout in
            let file = try #require(try RowFile.files(of: today, in: layout.usageRows).first)
            try File(file.path, O_RDWR).truncate(to: 30)
            #expect(unlink(layout.archive(owner).path(ofLog: 0)) == 0)
        }

        #expect(try after.usage(UsageQuery(days: today...today, by: [.day])).first?.usage.prompt == 20)
        let check = try after.verifyUsage(today...today)
        #expect(check.rows == 2 && check.turns == 2 && check.count == 0)
        store.closeJournal()
    }

    @Test func `what was removed stays removed`() async throws {
        let (store, owner) = try storeWithJournal()
        let user = User(id: User.ID(owner: "self", userID: "u2"), username: "u2")
        let other = try store.adding(user)
        #expect(try await store.appendTurn(of: conversation("c1"), of: owner))
        #expect(try await store.appendTurn(of: conversation("c2"), of: other.archive))
        #expect(try store.removeConversation("c1", of: owner))
        #expect(try store.removeUser(other, keepConversations: false, withUsers: false) == .removed)
        let next = try store.adding(user)
        #expect(try await store.appendTurn(of: conversation("new"), of: next.archive))

        let after = try afterPowerCut(store) { layout in
            #expect(unlink(layout.archive(next.archive).path(ofLog: 0)) == 0)
        }

        #expect(try after.conversation("c1", of: owner) == nil)
        #expect(try after.conversation("c2", of: other.archive) == nil)
        #expect(try after.conversation("new", of: next.archive)?.turns.count == 1)
        store.closeJournal()
    }

    @Test func `a recovered journal is empty, and so is one that was closed`() async throws {
        let (store, owner) = try storeWithJournal()
        #expect(try await store.appendTurn(of: conversation("c1"), of: owner))
        let journal = "\(store.layout.journals)/0.journal"
        #expect(try JournalFile.hasRecords(try File(journal, O_RDONLY)))

        let after = try afterPowerCut(store) { _ in }
        store.closeJournal()

        #expect(try !JournalFile.hasRecords(try File("\(after.layout.journals)/0.journal", O_RDONLY)))
        #expect(try !JournalFile.hasRecords(try File(journal, O_RDONLY)))
    }

    @Test func `two processes have a journal each`() async throws {
        let (one, owner) = try storeWithJournal()
        let other = try directory.store(durability: .fsync)
        other.openJournal()
        #expect(try await one.appendTurn(of: conversation("c1"), of: owner))
        #expect(try await other.appendTurn(of: conversation("c2"), of: owner))

        let after = try afterPowerCut(one) { layout in
            for number in 0..<2 { #expect(unlink(layout.archive(owner).path(ofLog: number)) == 0) }
        }

        #expect(try Directory.names(in: one.layout.journals).filter { $0.hasSuffix(".journal") }.count == 2)
        for id in ["c1", "c2"] { #expect(try after.conversation(id, of: owner)?.turns.count == 1) }
        one.closeJournal()
        other.closeJournal()
    }

    @Test func `a journal goes round, and what it holds is always the newest`() async throws {
        let path = "\(directory.path)/0.journal"
        let half = 4096
        let kept = try OpenFile(path, O_RDWR | O_CREAT)
        try JournalFile.fill(kept.file, half: half)
        let lease = try #require(try Lease.take(path, offset: 1 << 60))
        let journal = TurnJournal(kept, lease: lease, half: half)

        for number in 0..<60 {
            let bytes = [UInt8](repeating: UInt8(number), count: 300)
            #expect(try await journal.commit(bytes, in: "conversations/x", at: number, stamp: number))

            let held = try JournalFile.read(kept.file).map(\.offset)
            #expect(held.last == number)
            #expect(zip(held, held.dropFirst()).allSatisfy(<))
        }
        await withTaskGroup(of: Void.self) { group in
            for number in 60..<160 {
                group.addTask { _ = try? await journal.commit([1, 2, 3], in: "x", at: number, stamp: number) }
            }
        }

        #expect(try !JournalFile.read(kept.file).isEmpty)
        #expect(try await !journal.commit([UInt8](repeating: 0, count: half), in: "x", at: 0, stamp: 0))
        journal.close()
        await #expect(throws: StoreError.self) { try await journal.commit([1], in: "x", at: 0, stamp: 0) }
        #expect(try isEmpty(kept))
    }

    @Test func `no word stays in a journal for long`() async throws {
        let path = "\(directory.path)/0.journal"
        let kept = try OpenFile(path, O_RDWR | O_CREAT)
        try JournalFile.fill(kept.file, half: 4096)
        let lease = try #require(try Lease.take(path, offset: 1 << 60))
        let journal = TurnJournal(kept, lease: lease, half: 4096, lifetime: .milliseconds(200))

        for number in 0..<2 {
            #expect(try await journal.commit(Array("secret".utf8), in: "x", at: number, stamp: 1))
            for _ in 0..<200 where try !isEmpty(kept) { try await Task.sleep(for: .milliseconds(100)) }
            #expect(try isEmpty(kept))
        }
        journal.close()
    }

    @Test func `records of an earlier life of a journal are none of this one`() async throws {
        let path = "\(directory.path)/0.journal"
        let kept = try OpenFile(path, O_RDWR | O_CREAT)
        try JournalFile.fill(kept.file, half: 4096)
        for life in 0..<2 {
            let lease = try #require(try Lease.take(path, offset: (1 << 60) + Int64(life)))
            let journal = TurnJournal(kept, lease: lease, half: 4096)
            for number in 0..<(5 - life * 3) {
                #expect(try await journal.commit([1, 2, 3], in: "x", at: number, stamp: life))
            }
            if life == 0 { journal.close() }
        }

        #expect(try JournalFile.read(kept.file).map(\.stamp) == [1, 1])
    }

    @Test func `a half that was cut anywhere is read up to its last whole record`() {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for number in 0..<3 {
            let record = JournalRecord(path: "a/b \(number)", offset: number, stamp: 7, bytes: [0x0A, 0x20, 0xFF])
            record.encode(to: &bytes, generation: 5)
            ends.append(bytes.count)
            #expect(bytes.count == ends.dropLast().last.map { $0 + record.size } ?? record.size)
        }

        for end in 0...bytes.count {
            let half = Array(bytes[..<end]) + [UInt8](repeating: 0, count: 100)
            #expect(JournalRecord.read(half).records.count == ends.filter { $0 <= end }.count)
        }
        for place in bytes.indices {
            var corrupt = bytes
            corrupt[place] ^= 0x41
            #expect(JournalRecord.read(corrupt).records.count == ends.filter { $0 <= place }.count)
        }
    }

    @Test func `a journal that was removed by hand is no journal`() async throws {
        let (store, owner) = try storeWithJournal()
        #expect(unlink("\(store.layout.journals)/0.journal") == 0)

        await #expect(throws: StoreError.self) { try await store.appendTurn(of: conversation("c1"), of: owner) }
    }
}

extension TurnJournal {
    fileprivate func commit(
        _ bytes: [UInt8], in path: String, at offset: Int, stamp: Int
    ) async throws(StoreError) -> Bool {
        try await commit([JournalRecord(path: path, offset: offset, stamp: stamp, bytes: bytes)])
    }
}
