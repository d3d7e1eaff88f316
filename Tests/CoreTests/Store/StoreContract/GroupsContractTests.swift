import Testing

@testable import Core

/// What every store must do with groups and their members; two stores are two workers.
struct GroupsContractTests {
    private static let kinds = StoreUnderTest.all

    private func member(_ store: any Store, _ id: String, of group: Group.ID) async throws -> User {
        let user = try #require(try await store.addUser(StoreUnderTest.user(id)).user)
        return try #require(try await store.updateUser(user, UserChange(groups: .join(group))).user)
    }

    private func ids(_ store: any Store, _ group: Group.ID) async throws -> [String] {
        try await store.members(of: group, before: nil, limit: 100).map(\.id.userID)
    }

    @Test(arguments: kinds) func `a group is there for all workers until it is removed`(
        kind: StoreUnderTest
    ) async throws {
        let workers = try kind.open(workers: 2)
        var group = Group(id: "physics", name: "Physics")
        group.limits[.concurrent] = .most(3)
        #expect(try await workers[0].addGroup(group))
        #expect(try await !workers[1].addGroup(Group(id: "physics")))
        #expect(try await workers[1].group("physics") == group)

        var changed = group
        changed.hasPlus = true
        #expect(try await workers[1].updateGroup(group, to: changed) == .changed)
        #expect(try await workers[0].updateGroup(group, to: changed) == .overtaken)
        #expect(try await workers[0].groups() == [changed])

        #expect(try await workers[0].removeGroup("physics"))
        #expect(try await workers[1].group("physics") == nil)
        #expect(try await workers[1].updateGroup(changed, to: group) == .absent)
        #expect(try await !workers[1].removeGroup("physics"))
        #expect(try await workers[1].groups().isEmpty)
    }

    @Test(arguments: kinds) func `names that could leave the directory are no groups`(
        kind: StoreUnderTest
    ) async throws {
        let store = try kind.open()
        for id in ["..", ".", "../x", "a/b", "", ".hidden", "a\0"] {
            #expect(try await !store.addGroup(Group(id: id)))
            #expect(try await store.group(id) == nil)
        }
    }

    @Test(arguments: kinds) func `members come and go, and only groups that are there take some`(
        kind: StoreUnderTest
    ) async throws {
        let workers = try kind.open(workers: 2)
        for id in ["a", "b"] { #expect(try await workers[0].addGroup(Group(id: id))) }
        let one = try await member(workers[0], "one", of: "a")
        let two = try await member(workers[1], "two", of: "a")
        #expect(try await ids(workers[1], "a") == ["two", "one"])

        let both = try await workers[0].updateUser(one, UserChange(groups: .set(["b", "a", "b"]))).user
        #expect(both?.groups == ["b", "a"])
        #expect(try await workers[1].validGroups(of: #require(both)).map(\.id) == ["b", "a"])
        #expect(
            try await workers[1].updateUser(one, UserChange(groups: .join("none"))) == .refused(.groupAbsent("none")))
        _ = try await workers[1].updateUser(two, UserChange(groups: .leave("a")))
        #expect(try await ids(workers[0], "a") == ["one"])

        _ = try await workers[0].removeUser(one, keepConversations: false, withUsers: false)
        _ = try #require(try await workers[0].addUser(StoreUnderTest.user("one")).user)
        #expect(try await ids(workers[1], "a").isEmpty, "who gets the id next is no member")
    }

    @Test(arguments: kinds) func `who is in a group that is removed is in it no more, nor in the next of its id`(
        kind: StoreUnderTest
    ) async throws {
        let workers = try kind.open(workers: 2)
        #expect(try await workers[0].addGroup(Group(id: "a")))
        let users = try await withThrowingTaskGroup(of: User.self) { group in
            for number in 0..<6 {
                group.addTask { try await member(workers[number % 2], "u\(number)", of: "a") }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }

        #expect(try await workers[1].removeGroup("a"))
        #expect(try await workers[0].addGroup(Group(id: "a")))

        for user in users { #expect(try await workers[0].user(user.id)?.groups.isEmpty == true) }
        #expect(try await ids(workers[0], "a").isEmpty)
    }

    @Test(arguments: kinds) func `nobody is left in a group that is removed while many join it`(
        kind: StoreUnderTest
    ) async throws {
        let workers = try kind.open(workers: 2)
        #expect(try await workers[0].addGroup(Group(id: "a")))
        var users: [User] = []
        for number in 0..<8 {
            users.append(try #require(try await workers[0].addUser(StoreUnderTest.user("u\(number)")).user))
        }

        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, user) in users.enumerated() {
                group.addTask { _ = try await workers[number % 2].updateUser(user, UserChange(groups: .join("a"))) }
            }
            group.addTask { _ = try await workers[1].removeGroup("a") }
            try await group.waitForAll()
        }

        for user in users { #expect(try await workers[0].user(user.id)?.groups.isEmpty == true) }
    }

    @Test(arguments: kinds) func `a group that has ended ends its keys, and the last one its members`(
        kind: StoreUnderTest
    ) async throws {
        let workers = try kind.open(workers: 2)
        let group = Group(id: "a")
        #expect(try await workers[0].addGroup(group))
        #expect(try await workers[0].addGroup(Group(id: "b")))
        let user = try await member(workers[0], "u", of: "a")
        let (own, text) = (APIKey.generate(), APIKey.generate())
        var key = User.Key(text, name: "a's")
        key.group = "a"
        _ = try await workers[0].updateUser(user, UserChange(keys: .add(key)))
        _ = try await workers[0].updateUser(user, UserChange(keys: .add(User.Key(own, name: "own"))))
        func standings() async throws -> [UserStanding] {
            var standings: [UserStanding] = []
            for key in [own, text] {
                standings.append(try await workers[1].caller([key.digest], acting: nil).standing)
            }
            return standings
        }
        #expect(try await standings() == [.active, .active])

        var ended = group
        ended.validUntil = .now + .seconds(-1)
        #expect(try await workers[0].updateGroup(group, to: ended) == .changed)
        #expect(try await standings() == [.groupEnded, .keyExpired])

        _ = try await workers[0].updateUser(user, UserChange(groups: .join("b")))
        #expect(try await standings() == [.active, .keyExpired])
    }
}
