import Glibc
import Testing

@testable import Core

struct UserNumberTests {
    private let directory = TemporaryDirectory()
    private let id = User.ID(owner: User.selfOwner, userID: "u1")

    private func conversation(_ id: String) -> Conversation {
        Conversation(
            id: id, title: "t", origin: .account(Account.ID(rawValue: "a")),
            turns: [Turn(prompt: "p", reply: "r", startedAt: .now)])
    }

    @Test func `who is added again under an id gets another number and finds nothing of the one before`() async throws {
        let store = try directory.store()
        let before = try store.adding(User(id: id, username: "before"))
        #expect(try await store.appendTurn(of: conversation("c1"), of: before.archive))
        let second = TurnEnd(of: conversation("c2"), in: before.archive, threadsAfter: ["thread"])
        #expect(try await store.finish(second))
        #expect(try store.removeUser(before, keepConversations: true, withUsers: false) == .removed)

        let after = try store.adding(User(id: id, username: "after"))

        #expect(after.number != before.number)
        #expect(after.archive.digest != before.archive.digest)
        #expect(try store.conversations(of: after.archive, before: nil, limit: 9).isEmpty)
        #expect(try store.conversation("c1", of: after.archive) == nil)
        #expect(try store.conversation(withThread: "thread", of: after.archive) == nil)
    }

    @Test func `a turn that began before its user was removed reaches nobody`() async throws {
        let store = try directory.store(durability: .fsync)
        let before = try store.adding(User(id: id, username: "before"))
        #expect(try await store.appendTurn(of: conversation("c1"), of: before.archive))
        #expect(try store.removeUser(before, keepConversations: false, withUsers: false) == .removed)
        #expect(try await !store.appendTurn(of: conversation("c2"), of: before.archive))

        let after = try store.adding(User(id: id, username: "after"))
        #expect(try await !store.appendTurn(of: conversation("c3"), of: before.archive))

        #expect(try store.conversations(of: after.archive, before: nil, limit: 9).isEmpty)
        #expect(!Directory.exists(store.layout.conversations(of: before.archive)))
    }

    @Test func `a change or a removal meant for one user does not reach the next of its id`() throws {
        let store = try directory.store()
        let before = try store.adding(User(id: id, username: "before"))
        #expect(try store.removeUser(before, keepConversations: false, withUsers: false) == .removed)
        let after = try store.adding(User(id: id, username: "after"))

        #expect(try store.removeUser(before, keepConversations: false, withUsers: false) == .absent)
        #expect(try store.user(id) == after)
    }

    @Test func `a user of the version before keeps its archive, and members of a version to come stay`() async throws {
        let store = try directory.store()
        let key = APIKey.generate()
        let record =
            #"{"user_id":"u1","owner":"self","username":"Ada","role":"user","plus":true,"disabled":false,"#
            + #""created_at":"2024-01-02T03:04:05Z","badges":["b1"],"keys":[{"digest":"\#(key.digest)","#
            + #""created_at":"2024-01-02T03:04:05Z","last_four":"\#(key.lastFour)","colour":"red"}]}"#
        try AtomicFile.write(Array(record.utf8), to: store.layout.user(id.digest), durable: false)
        try store.writeKey(key.digest, of: id)
        let old = ArchiveID(of: id, number: nil)
        try store.write(conversation("c1"), of: old)

        let user = try #require(try store.user(withKey: key.digest))
        #expect(user.number == nil)
        #expect(user.hasPlus)
        #expect(try store.conversation("c1", of: user.archive)?.turns.count == 1)
        #expect(try await store.appendTurn(of: conversation("c2"), of: user.archive))
        try store.sweep()
        #expect(try store.conversations(of: user.archive, before: nil, limit: 9).count == 2)

        let changed = try store.updateUser(user, UserChange(username: "Ada L."))
        #expect(changed.user?.archive == user.archive)
        let stored = try #require(try store.read(store.layout.user(id.digest)))
        #expect(stored["badges"]?[0]?.string == "b1")
        #expect(stored["keys"]?[0]?["colour"]?.string == "red")
        #expect(stored["username"]?.string == "Ada L.")
    }

    @Test func `members that are missing have defaults, and those of a wrong kind make a record unreadable`() throws {
        let short: JSON = ["user_id": "u1", "owner": "self"]
        let user = try #require(User(record: short))
        #expect(user.role == .user)
        #expect(!user.hasPlus && !user.isDisabled && user.keys.isEmpty)
        for corrupt in ["role", "disabled", "plus", "number", "keys", "created_at"] {
            var object = try #require(short.object)
            object[corrupt] = ["x": 1]
            #expect(User(record: .object(object)) == nil, "\(corrupt)")
        }
    }

    @Test func `a sweep takes what a cut removal left and nothing of those who are there`() async throws {
        let store = try directory.store()
        let (gone, there) = (
            try store.adding(User(id: id, username: "gone")),
            try store.adding(User(id: User.ID(owner: "self", userID: "u2"), username: "there"))
        )
        #expect(try await store.appendTurn(of: conversation("c1"), of: gone.archive))
        #expect(try await store.appendTurn(of: conversation("c2"), of: there.archive))
        try Directory.removeFile(store.layout.user(id.digest), durably: false)

        try store.sweep()

        #expect(!Directory.exists(store.layout.conversations(of: gone.archive)))
        #expect(try store.conversation("c2", of: there.archive) != nil)
    }

    @Test func `a directory of which nobody has said yet whose it is stays for an hour`() throws {
        let store = try directory.store()
        let user = try store.adding(User(id: id, username: "new"))
        let made = store.layout.conversations(of: user.archive)
        try Directory.create(made, durably: false)

        try store.sweep()
        #expect(Directory.exists(made))

        var hourAgo = [timeval](repeating: timeval(tv_sec: time(nil) - 3601, tv_usec: 0), count: 2)
        #expect(utimes(made, &hourAgo) == 0)
        try store.sweep()
        #expect(!Directory.exists(made))
    }

    @Test func `a client that was removed and added again has none of the users before`() throws {
        let store = try directory.store()
        let clientID = User.ID(owner: User.selfOwner, userID: "bot")
        let before = try store.adding(User(id: clientID, username: "bot", role: .client))
        let mine = User(
            id: User.ID(owner: "bot", userID: "u1"), ownerNumber: before.number, username: "u1",
            keys: [User.Key(APIKey.generate())])
        _ = try store.adding(mine)
        // As a version without numbers left it.
        #expect(try store.removeOne(before, keepConversations: false))
        #expect(try store.addUser(mine) == .ownerGone)

        let after = try store.adding(User(id: clientID, username: "bot", role: .client))

        #expect(try store.addUser(mine) == .ownerGone)
        #expect(try store.users(ownedBy: "bot", before: nil, limit: 9).isEmpty)
        var next = mine
        next.ownerNumber = after.number
        next.keys = [User.Key(APIKey.generate())]
        _ = try store.adding(next)
        #expect(try store.users(ownedBy: "bot", before: nil, limit: 9).count == 1)
        #expect(try store.user(withKey: mine.keys[0].digest) == nil)
    }
}
