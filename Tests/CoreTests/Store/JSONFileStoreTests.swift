import Glibc
import Testing

@testable import Core

struct JSONFileStoreTests {
    private let directory = TemporaryDirectory()

    private func user(_ id: String, owner: String = "self", role: User.Role = .user, key: APIKey? = nil) -> User {
        User(
            id: User.ID(owner: owner, userID: id), username: id, role: role,
            keys: [User.Key(key ?? APIKey.generate())])
    }

    private func conversation(_ id: String, turns: Int = 1) -> Conversation {
        Conversation(
            id: id, title: "title of \(id)", origin: .account(Account.ID(rawValue: "a")),
            turns: (0..<turns).map { Turn(prompt: "prompt \($0)", reply: "reply \($0)", startedAt: .now) })
    }

    @Test func `a user is found by its id and by its key until the key is taken away`() throws {
        let store = try directory.store(durability: .fsync)
        let key = APIKey.generate()
        let added = try store.adding(user("u1", key: key))
        #expect(try store.user(added.id)?.keys == added.keys)
        #expect(try store.user(withKey: key.digest)?.id == added.id)

        let other = APIKey.generate()
        let changed = try store.updateUser(added, UserChange(keys: .rotate(to: User.Key(other))))

        #expect(changed.user?.keys.count == 1)
        #expect(try store.user(withKey: key.digest) == nil)
        #expect(try store.user(withKey: other.digest)?.id == added.id)
    }

    @Test func `of many who add the same id at once one succeeds`() async throws {
        let store = try directory.store()
        let id = "same"

        let successes = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 { group.addTask { try store.addUser(user(id)).user != nil } }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }

        #expect(successes == 1)
        #expect(try store.users(ownedBy: "self", before: nil, limit: 10).count == 1)
    }

    @Test func `changes made at the same time are all kept`() async throws {
        let store = try directory.store()
        let id = User.ID(owner: "self", userID: "counter")
        let added = try store.adding(User(id: id, username: "0"))

        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let key = User.Key(APIKey.generate(), name: "\(number)")
                    _ = try store.updateUser(added, UserChange(keys: .add(key)))
                }
            }
            try await group.waitForAll()
        }

        #expect(try store.user(id)?.keys.count == 200)
    }

    @Test func `equal ids of different owners are different users`() throws {
        let store = try directory.store()
        let client = try store.adding(user("c1", role: .client))
        _ = try store.adding(user("x"))
        var owned = user("x", owner: "c1")
        owned.ownerNumber = client.number
        _ = try store.adding(owned)

        #expect(try store.owners(of: "x").sorted() == ["c1", "self"])
        #expect(try store.users(ownedBy: "c1", before: nil, limit: 10).map(\.id.owner) == ["c1"])
        #expect(try store.users(ownedBy: nil, before: nil, limit: 10).count == 3)
    }

    @Test func `a removed user leaves neither key nor conversation, and its successor inherits nothing`() async throws {
        let store = try directory.store()
        let key = APIKey.generate()
        let removed = try store.adding(user("u1", key: key))
        _ = try await store.appendTurn(of: conversation("c1"), of: removed.archive)

        #expect(try store.removeUser(removed, keepConversations: false, withUsers: false) == .removed)

        #expect(try store.user(withKey: key.digest) == nil)
        #expect(try store.conversation("c1", of: removed.archive) == nil)
        #expect(try store.users(ownedBy: nil, before: nil, limit: 10).isEmpty)
        #expect(try store.removeUser(removed, keepConversations: false, withUsers: false) == .absent)
        _ = try store.adding(user("u1"))
        #expect(try store.conversations(of: removed.archive, before: nil, limit: 10).isEmpty)
    }

    @Test func `kept conversations outlive their user`() async throws {
        let store = try directory.store()
        let removed = try store.adding(user("u1"))
        _ = try await store.appendTurn(of: conversation("c1"), of: removed.archive)

        #expect(try store.removeUser(removed, keepConversations: true, withUsers: false) == .removed)

        #expect(try store.conversation("c1", of: removed.archive)?.turns.count == 1)
    }

    @Test func `turns come back in order with everything in them`() async throws {
        let store = try directory.store(durability: .fsync)
        let owner = try store.adding(user("u1"))
        var thread = conversation("c1")
        thread.turns[0].usage = TokenUsage(prompt: 3, completion: 5)
        #expect(try await store.appendTurn(of: thread, of: owner.archive))
        thread.turns.append(
            Turn(
                prompt: "second\n\"", reply: "ä😀", startedAt: .now, outcome: .interrupted, model: "m",
                finishReason: "stop"))
        #expect(try await store.appendTurn(of: thread, of: owner.archive))

        #expect(try store.conversation("c1", of: owner.archive) == thread)
        #expect(try store.conversation("c1", of: user("u2").archive) == nil)
    }

    @Test func `the list of conversations is newest first, paged, and forgets removed ones`() async throws {
        let store = try directory.store()
        let owner = try store.adding(user("u1"))
        for number in 0..<10 { _ = try await store.appendTurn(of: conversation("c\(number)"), of: owner.archive) }
        var again = conversation("c3", turns: 1)
        again.turns.append(Turn(prompt: "more", reply: "", startedAt: .now))
        _ = try await store.appendTurn(of: again, of: owner.archive)
        #expect(try store.removeConversation("c8", of: owner.archive))
        #expect(try !store.removeConversation("c8", of: owner.archive))

        let first = try store.conversations(of: owner.archive, before: nil, limit: 3)
        let second = try store.conversations(of: owner.archive, before: first.last?.id, limit: 100)

        #expect(first.map(\.id) == ["c3", "c9", "c7"])
        #expect(first.first?.turns == 2)
        #expect(second.map(\.id) == ["c6", "c5", "c4", "c2", "c1", "c0"])
    }

    @Test func `a turn of a removed user or conversation is not stored`() async throws {
        let store = try directory.store()
        #expect(try await !store.appendTurn(of: conversation("c1"), of: user("u1").archive))
        let owner = try store.adding(user("u1"))
        #expect(try await !store.appendTurn(of: conversation("c1", turns: 2), of: owner.archive))
    }

    @Test func `a change in the audit log shows`() throws {
        let store = try directory.store()
        for number in 0..<4 {
            try store.audit(JSONObject(unchecked: [.init(name: "action", value: JSON("a\(number)"))]))
        }
        #expect(try store.verifyAudit().lines == 4)
        #expect(try store.verifyAudit().break == nil)

        let bytes = try #require(try File.reading(store.layout.audit)?.readAll())
        let lines = bytes.split(separator: 0x0A).map { Array($0) + [0x0A] }
        #expect(AuditChain.verify(lines[0] + lines[2] + lines[3]).break?.line == 2)
        #expect(AuditChain.verify(Array(lines[1...].joined())).break?.line == 1)
        var changed = bytes
        changed[bytes.count - 3] ^= 1
        #expect(AuditChain.verify(changed).break?.line == 4)
    }

    @Test func `a list that grows is compacted and keeps its entries`() throws {
        let list = IndexLog(path: "\(directory.path)/list.jsonl", isDurable: false)
        for number in 0..<3000 { try list.put("id\(number % 7)", ["number": JSON(number)]) }

        let size = try File(list.path, O_RDONLY).size
        #expect(size < 100_000)
        let page = try list.page(before: nil, limit: 100) { _, _ in true }
        #expect(page.map { $0.entry["number"]?.int } == [2999, 2998, 2997, 2996, 2995, 2994, 2993])
    }

    @Test func `a compaction keeps what is present, in its order, and leaves out what is gone or corrupt`() throws {
        let list = IndexLog(path: "\(directory.path)/list.jsonl", isDurable: false)
        let ids = ["plain", "with \"quotes\"", "back\\slash", "ü", ""]
        for id in ids { try list.put(id, ["of": JSON(id)]) }
        for number in 0..<100 { try list.put("id\(number)", ["number": JSON(number)]) }
        for number in 0..<50 { try list.remove("id\(number * 2)") }
        try list.put("plain", ["of": "again"])
        let whole = try File(list.path, O_RDONLY).readAll()
        try AtomicFile.write(
            whole + Array("{\"crc\":\"00000000\",\"id\":\"x\",\"entry\":{}}\n".utf8), to: list.path, durable: false)
        let before = try list.page(before: nil, limit: .max) { _, _ in true }

        try list.compact(boot: "a boot")

        let after = try list.page(before: nil, limit: .max) { _, _ in true }
        #expect(after.map(\.id) == before.map(\.id))
        #expect(after.map(\.entry) == before.map(\.entry))
        #expect(after.count == 55)
        #expect(after.first?.entry["of"]?.string == "again")
        let lines = try #require(try AppendLog.read(list.path))
        #expect(lines.objects.count == 56)
        #expect(lines.skipped == 0)
        #expect(lines.objects.first?["boot"]?.string == "a boot")
        #expect(
            lines.objects.first?["base"]?.int == (try File(list.path, O_RDONLY).size)
                - ChecksummedLine.encode(lines.objects[0]).count)
    }

    @Test func `the audit log is a chain of digests`() throws {
        let store = try directory.store()
        for number in 0..<3 {
            try store.audit(JSONObject(unchecked: [.init(name: "action", value: JSON("a\(number)"))]))
        }

        let lines = try #require(try AppendLog.read(store.layout.audit)).objects
        #expect(lines.map { $0["number"]?.int } == [1, 2, 3])
        for (before, after) in zip(lines, lines.dropFirst()) {
            #expect(after["previous"]?.string == Hex.sha256(ChecksummedLine.encode(before)))
        }
    }

    @Test func `the first start makes one admin whose key works and is private`() throws {
        let store = try directory.store()
        let key = try #require(try store.createFirstAdmin())
        #expect(try store.createFirstAdmin() == nil)
        #expect(try store.user(withKey: key.digest)?.role == .admin)
        var status = stat()
        stat(store.layout.adminKey, &status)
        #expect(status.st_mode & 0o777 == 0o600)
        stat(store.layout.root, &status)
        #expect(status.st_mode & 0o777 == 0o700)
    }

    @Test func `the file with the first admin's key goes with that key`() throws {
        let store = try directory.store()
        let key = try #require(try store.createFirstAdmin())
        let admin = try #require(try store.user(withKey: key.digest))

        _ = try store.updateUser(admin, UserChange(username: "boss"))
        #expect(Directory.exists(store.layout.adminKey))

        _ = try store.updateUser(admin, UserChange(keys: .rotate(to: User.Key(APIKey.generate()))))
        #expect(!Directory.exists(store.layout.adminKey))

        let other = try store.replaceAdminKey()
        let written = try File(store.layout.adminKey, O_RDONLY).readAll()
        #expect(String(decoding: written, as: UTF8.self) == other.text + "\n")
    }

    @Test func `a record that cannot be read hides no other user`() throws {
        let store = try directory.store()
        let users = (0..<5).map { User(id: User.ID(owner: "self", userID: "u\($0)"), username: "u\($0)") }
        for user in users { _ = try store.adding(user) }
        try AtomicFile.write(Array("{\"user_id\":".utf8), to: store.layout.user(users[2].id.digest), durable: false)

        let page = try store.users(ownedBy: nil, before: nil, limit: 3)
        let rest = try store.users(ownedBy: "self", before: page.last?.id, limit: 3)

        #expect(page.map(\.id.userID) == ["u4", "u3", "u1"])
        #expect(rest.map(\.id.userID) == ["u0"])
        #expect(throws: StoreError.self) { try store.user(users[2].id) }
    }

    @Test func `users who cannot be read are no reason for a new admin`() throws {
        let store = try directory.store()
        let user = User(id: User.ID(owner: "self", userID: "u"), username: "u")
        _ = try store.adding(user)
        try AtomicFile.write([], to: store.layout.user(user.id.digest), durable: false)

        #expect(try store.createFirstAdmin() == nil)
    }

    @Test func `a sweep removes temporary files of processes that have ended, asked for or not`() throws {
        let store = try directory.store()
        var zombie = pid_t()
        #expect(posix_spawn(&zombie, "/bin/true", nil, nil, [nil], nil) == 0)
        var information = siginfo_t()
        // Leaves it a zombie.
        #expect(waitid(P_PID, id_t(zombie), &information, WEXITED | WNOWAIT) == 0)
        for owner in [getpid(), zombie, 1 << 22 + 1] {
            try AtomicFile.write([], to: "\(store.layout.root)/x.json.\(owner)-1.tmp", durable: false)
        }

        try store.sweep()

        let left = try Directory.names(in: store.layout.root).filter { $0.hasSuffix(".tmp") }
        #expect(left == ["x.json.\(getpid())-1.tmp"])
        waitpid(zombie, nil, 0)
    }

    @Test func `a state directory of another version is refused`() throws {
        let store = try directory.store()
        try AtomicFile.write(Array("{\"version\":99}".utf8), to: store.layout.format, durable: false)
        #expect(throws: StoreError.self) { try directory.store() }
    }
}
