import Glibc
import Testing

@testable import Core

struct UserRemovalTests {
    private let directory = TemporaryDirectory()

    private func user(_ id: String, of client: User? = nil, role: User.Role = .user) -> User {
        User(
            id: User.ID(owner: client?.id.userID ?? User.selfOwner, userID: id), ownerNumber: client?.number,
            username: id, role: role, keys: [User.Key(APIKey.generate())])
    }

    private func conversation(_ id: String) -> Conversation {
        Conversation(
            id: id, title: "t", origin: .account(Account.ID(rawValue: "a")),
            turns: [Turn(prompt: "p", reply: "r", startedAt: .now)])
    }

    @Test func `a client is removed with all of its users, or not at all`() throws {
        let store = try directory.store()
        let client = try store.adding(user("bot", role: .client))
        let users = try (0..<5).map { try store.adding(user("u\($0)", of: client)) }

        #expect(try store.removeUser(client, keepConversations: false, withUsers: false) == .hasUsers)
        #expect(try store.user(client.id) != nil)
        #expect(try store.removeUser(client, keepConversations: false, withUsers: true) == .removed)

        for user in users { #expect(try store.user(user.id) == nil) }
        #expect(try store.users(ownedBy: nil, before: nil, limit: 99).isEmpty)
        #expect(try Directory.names(in: store.layout.removals).isEmpty)
    }

    @Test func `a removal of a client that was cut off goes on with the sweep, and its users are dead before`() throws {
        let store = try directory.store()
        let client = try store.adding(user("bot", role: .client))
        let users = try (0..<3).map { try store.adding(user("u\($0)", of: client)) }
        let pending = store.layout.removal(of: client.id, number: client.number)
        let removal = JSONFileStore.PendingRemoval(client: client, keepsConversations: false)
        try AtomicFile.write(removal.record.bytes, to: pending, durable: false)
        #expect(try store.removeOne(client, keepConversations: false))

        #expect(try store.standing(of: users[0]) == .gone)
        #expect(try store.users(ownedBy: nil, before: nil, limit: 99).isEmpty)
        try store.sweep()

        for user in users { #expect(!Directory.exists(store.layout.user(user.id.digest))) }
        #expect(!Directory.exists(pending))
    }

    @Test func `nobody is left over of those who are added while their client is removed`() async throws {
        let store = try directory.store()
        for _ in 0..<20 {
            let client = try store.adding(user("bot", role: .client))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<4 {
                    group.addTask {
                        for step in 0..<5 { _ = try store.addUser(self.user("u\(number)-\(step)", of: client)) }
                    }
                }
                group.addTask { _ = try store.removeUser(client, keepConversations: false, withUsers: true) }
                try await group.waitForAll()
            }
            #expect(try store.users(ownedBy: nil, before: nil, limit: 99).isEmpty)
        }
        let left = try (0..<256).flatMap {
            try Directory.names(in: "\(store.layout.root)/keys/\(Hex.encode([UInt8($0)]))")
        }
        #expect(left.isEmpty)
    }

    @Test func `of admins who remove each other one stays`() async throws {
        let store = try directory.store()
        for _ in 0..<20 {
            let (one, other) = (try store.adding(user("a", role: .admin)), try store.adding(user("b", role: .admin)))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for admin in [one, other] {
                    group.addTask { _ = try store.removeUser(admin, keepConversations: false, withUsers: false) }
                }
                try await group.waitForAll()
            }
            let left = try store.users(ownedBy: nil, before: nil, limit: 9)
            #expect(left.count == 1)
            for admin in left { #expect(try store.removeOne(admin, keepConversations: false)) }
        }
    }

    @Test func `the last admin is not disabled, also where the version before added the admins`() throws {
        let store = try directory.store()
        let (one, other) = (try store.adding(user("a", role: .admin)), try store.adding(user("b", role: .admin)))
        try Directory.removeFile(store.layout.adminList, durably: false)

        #expect(try store.updateUser(one, UserChange(isDisabled: true)).user?.isDisabled == true)
        #expect(try store.updateUser(other, UserChange(isDisabled: true)) == .lastAdmin)
        #expect(try store.updateUser(other, UserChange(keys: .revoke(other.keys[0].id))) == .lastAdmin)
        #expect(try store.user(other.id)?.isDisabled == false)
    }

    @Test func `users of a disabled client may not act until it is enabled`() throws {
        let store = try directory.store()
        let client = try store.adding(user("bot", role: .client))
        let owned = try store.adding(user("u1", of: client))
        for isDisabled in [true, false] {
            _ = try store.updateUser(client, UserChange(isDisabled: isDisabled))
            #expect(try store.standing(of: owned) == (isDisabled ? .clientDisabled : .active))
        }
    }

    @Test func `a turn may go on while the user and a key of its caller are there`() throws {
        let store = try directory.store()
        let owned = try store.adding(user("u1"))
        let keys = owned.keys.map(\.digest)
        #expect(try store.caller(keys, acting: owned).standing == .active)
        _ = try store.updateUser(owned, UserChange(keys: .rotate(to: User.Key(APIKey.generate()))))
        #expect(try store.caller(keys, acting: owned).standing == .gone)
    }

    @Test func `what was kept is taken over on request only, and by the same owner's user only`() async throws {
        let store = try directory.store()
        let before = try store.adding(user("u1"))
        #expect(try await store.appendTurn(of: conversation("c1"), of: before.archive))
        #expect(try store.removeUser(before, keepConversations: true, withUsers: false) == .removed)
        #expect(try store.keptArchives(before: nil, limit: 9).map(\.archive) == [before.archive])
        let client = try store.adding(user("bot", role: .client))
        #expect(try store.addUser(user("u1", of: client), inherits: true) == .nothingKept)

        let after = try #require(try store.addUser(user("u1"), inherits: true).user)

        #expect(try store.conversation("c1", of: after.archive)?.turns.count == 1)
        #expect(try store.keptArchives(before: nil, limit: 9).isEmpty)
        #expect(try await !store.appendTurn(of: conversation("c2"), of: before.archive))
        #expect(try store.conversation("c2", of: after.archive) == nil)
        try store.sweep()
        #expect(try store.conversations(of: after.archive, before: nil, limit: 9).count == 1)
    }

    @Test func `what the version before kept is found by its user's id and stays through a sweep`() async throws {
        let store = try directory.store()
        let id = User.ID(owner: User.selfOwner, userID: "u1")
        let old = ArchiveID(of: id, number: nil)
        try store.write(conversation("c1"), of: old)
        try AtomicFile.write([], to: store.layout.keptMark(store.layout.conversations(of: old)), durable: false)

        try store.sweep()
        let added = try store.adding(user("u1"))
        try store.sweep()

        #expect(try store.conversations(of: added.archive, before: nil, limit: 9).isEmpty)
        #expect(try store.keptArchives(of: id).map(\.archive) == [old])
        #expect(try store.conversation("c1", of: old)?.turns.count == 1)
    }
}
