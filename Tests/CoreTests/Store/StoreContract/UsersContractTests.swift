import Testing

@testable import Core

/// What every store must do with users and keys; two stores are two workers.
struct UsersContractTests {
    private static let kinds = StoreUnderTest.all

    private func add(_ store: any Store, _ user: User) async throws -> User {
        try #require(try await store.addUser(user).user)
    }

    @Test(arguments: kinds) func `a user is found by id and key in all workers`(kind: StoreUnderTest) async throws {
        let workers = try kind.open(workers: 2)
        let key = APIKey.generate()
        let added = try await add(workers[0], StoreUnderTest.user("u", key: key))
        #expect(added.number != nil)

        #expect(try await workers[1].user(added.id) == added)
        #expect(try await workers[1].user(withKey: key.digest)?.id == added.id)
        #expect(try await workers[1].user(withKey: APIKey.generate().digest) == nil)
        #expect(try await workers[1].owners(of: "u") == [User.selfOwner])
    }

    @Test(arguments: kinds) func `an id and a key belong to one user`(kind: StoreUnderTest) async throws {
        let workers = try kind.open(workers: 2)
        let key = APIKey.generate()
        _ = try await add(workers[0], StoreUnderTest.user("u", key: key))

        #expect(try await workers[1].addUser(StoreUnderTest.user("u")) == .taken)
        #expect(try await workers[1].addUser(StoreUnderTest.user("v", key: key)) == .taken)
        #expect(try await workers[1].user(User.ID(owner: User.selfOwner, userID: "v")) == nil)
    }

    @Test(arguments: kinds) func `of many who add one id at once one succeeds`(kind: StoreUnderTest) async throws {
        let workers = try kind.open(workers: 2)
        let count = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<8 {
                group.addTask { try await workers[number % 2].addUser(StoreUnderTest.user("u")).user != nil }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(count == 1)
    }

    @Test(arguments: kinds) func `a key that was taken is dead at once, everywhere`(kind: StoreUnderTest) async throws {
        let workers = try kind.open(workers: 2)
        let (old, new) = (APIKey.generate(), APIKey.generate())
        let user = try await add(workers[0], StoreUnderTest.user("u", key: old))
        #expect(try await workers[1].user(withKey: old.digest) != nil)

        _ = try await workers[0].updateUser(user.id) { user in
            user.keys = [User.Key(new)]
            return true
        }

        #expect(try await workers[1].user(withKey: old.digest) == nil)
        #expect(try await workers[1].user(withKey: new.digest)?.id == user.id)
        #expect(try await workers[1].mayGoOn(user, calledWith: old.digest) != .active)
    }

    @Test(arguments: kinds) func `who is removed or disabled may not act`(kind: StoreUnderTest) async throws {
        let workers = try kind.open(workers: 2)
        let key = APIKey.generate()
        let user = try await add(workers[0], StoreUnderTest.user("u", key: key))
        #expect(try await workers[1].standing(of: user) == .active)
        _ = try await workers[0].updateUser(user.id) { user in
            user.isDisabled = true
            return true
        }
        #expect(try await workers[1].standing(of: user) == .disabled)

        #expect(try await workers[0].removeUser(user, keepConversations: false, withUsers: false) == .removed)

        #expect(try await workers[1].standing(of: user) == .gone)
        #expect(try await workers[1].user(withKey: key.digest) == nil)
        #expect(try await workers[1].removeUser(user, keepConversations: false, withUsers: false) == .absent)
        let next = try await add(workers[1], StoreUnderTest.user("u"))
        #expect(next.number != user.number)
        #expect(try await workers[0].standing(of: user) == .gone)
    }

    @Test(arguments: kinds) func `users of a client come and go with it`(kind: StoreUnderTest) async throws {
        let store = try kind.open()
        let client = try await add(store, StoreUnderTest.user("shop", role: .client))
        let users = [
            try await add(store, StoreUnderTest.user("u1", owner: client)),
            try await add(store, StoreUnderTest.user("u2", owner: client)),
        ]
        #expect(try await store.users(ownedBy: "shop", before: nil, limit: 10).map(\.id.userID) == ["u2", "u1"])
        #expect(try await store.users(ownedBy: "shop", before: users[1].id, limit: 10).map(\.id.userID) == ["u1"])
        #expect(try await store.removeUser(client, keepConversations: false, withUsers: false) == .hasUsers)
        _ = try await store.updateUser(client.id) { client in
            client.isDisabled = true
            return true
        }
        #expect(try await store.standing(of: users[0]) == .clientDisabled)

        #expect(try await store.removeUser(client, keepConversations: false, withUsers: true) == .removed)

        #expect(try await store.standing(of: users[0]) == .gone)
        #expect(try await store.addUser(StoreUnderTest.user("u3", owner: client)) == .ownerGone)
    }

    @Test(arguments: kinds) func `the last admin stays`(kind: StoreUnderTest) async throws {
        let store = try kind.open()
        let one = try await add(store, StoreUnderTest.user("one", role: .admin))
        let two = try await add(store, StoreUnderTest.user("two", role: .admin))
        #expect(try await store.removeUser(one, keepConversations: false, withUsers: false) == .removed)
        #expect(try await store.removeUser(two, keepConversations: false, withUsers: false) == .lastAdmin)
        let changed = try await store.updateUser(two.id) { user in
            user.isDisabled = true
            return true
        }
        #expect(changed == nil)
        #expect(try await store.standing(of: two) == .active)
    }
}
