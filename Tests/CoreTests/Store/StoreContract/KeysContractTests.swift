import Testing

@testable import Core

/// What every store must do with the keys of a user; two stores are two workers.
struct KeysContractTests {
    private static let kinds = StoreUnderTest.all

    private func standing(_ store: any Store, _ key: APIKey) async throws -> UserStanding {
        try await store.caller([key.digest], acting: nil).standing
    }

    @Test(arguments: kinds) func `keys are added and revoked one by one, everywhere at once`(
        kind: StoreUnderTest
    ) async throws {
        let workers = try kind.open(workers: 2)
        let (first, second) = (APIKey.generate(), APIKey.generate())
        let user = try #require(try await workers[0].addUser(StoreUnderTest.user("u", key: first)).user)
        let added = User.Key(second, name: "second")

        #expect(try await workers[0].updateUser(user, UserChange(keys: .add(added))).user?.keys.count == 2)
        #expect(try await standing(workers[1], second) == .active)
        #expect(try await workers[1].caller([second.digest], acting: nil).holders.first??.key == added)
        #expect(try await workers[1].updateUser(user, UserChange(keys: .revoke(added.id))).user?.keys.count == 1)

        #expect(try await standing(workers[0], second) == .gone)
        #expect(try await standing(workers[0], first) == .active)
        #expect(
            try await workers[0].updateUser(user, UserChange(keys: .revoke(added.id))) == .refused(.keyAbsent))
    }

    @Test(arguments: kinds) func `of many keys that are added at once no more stay than may`(
        kind: StoreUnderTest
    ) async throws {
        let workers = try kind.open(workers: 2)
        let user = try #require(try await workers[0].addUser(StoreUnderTest.user("u")).user)

        let refused = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<12 {
                group.addTask {
                    let key = User.Key(.generate(), name: "\(number)")
                    let update = try await workers[number % 2].updateUser(
                        user, UserChange(keys: .add(key, most: 4)))
                    return update == .refused(.tooManyKeys)
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }

        #expect(refused == 9)
        #expect(try await workers[0].user(user.id)?.keys.count == 4)
    }

    @Test(arguments: kinds) func `a key tells of its time and of its former text`(kind: StoreUnderTest) async throws {
        let workers = try kind.open(workers: 2)
        let user = try #require(try await workers[0].addUser(StoreUnderTest.user("u")).user)
        let (text, next) = (APIKey.generate(), APIKey.generate())
        var key = User.Key(text, name: "timed")
        key.notBefore = .now + .seconds(60)
        _ = try await workers[0].updateUser(user, UserChange(keys: .add(key)))
        #expect(try await standing(workers[1], text) == .keyNotYetValid)

        var present = key
        present.notBefore = nil
        #expect(try await workers[0].updateUser(user, UserChange(keys: .edit(key, to: present))).user != nil)
        #expect(
            try await workers[1].updateUser(user, UserChange(keys: .edit(key, to: present)))
                == .refused(.keyOvertaken))
        #expect(try await standing(workers[1], text) == .active)

        let rotated = present.rotated(to: next, grace: .seconds(60), at: .now)
        _ = try await workers[1].updateUser(user, UserChange(keys: .edit(present, to: rotated)))
        #expect(try await standing(workers[0], text) == .active)
        #expect(try await standing(workers[0], next) == .active)

        var late = rotated
        late.former?.until = .now + .seconds(-1)
        _ = try await workers[0].updateUser(user, UserChange(keys: .edit(rotated, to: late)))
        #expect(try await standing(workers[1], text) == .keyExpired)
        #expect(try await standing(workers[1], next) == .active)

        var over = late
        over.expiresAt = .now + .seconds(-1)
        _ = try await workers[0].updateUser(user, UserChange(keys: .edit(late, to: over)))
        #expect(try await standing(workers[1], next) == .keyExpired)
        let end = try await workers[1].caller([next.digest], acting: user).standing
        #expect(!end.endsTurns, "a turn that runs already goes on")
    }

    @Test(arguments: kinds) func `a key's use is known to the hour`(kind: StoreUnderTest) async throws {
        let workers = try kind.open(workers: 2)
        let key = User.Key(.generate())
        #expect(try await workers[0].lastUse(of: key.id) == nil)

        let time = try #require(Timestamp(rfc3339: "2027-03-04T05:06:07.000008Z"))
        try await workers[0].noteUse(of: key.id, at: time)

        #expect(try await workers[1].lastUse(of: key.id)?.rfc3339 == "2027-03-04T05:00:00.000000Z")
        try await workers[1].noteUse(of: "../../x", at: time)
        #expect(try await workers[0].lastUse(of: "../../x") == nil)
    }

    @Test(arguments: kinds) func `the last admin keeps a key that lasts`(kind: StoreUnderTest) async throws {
        let store = try kind.open()
        let admin = try #require(try await store.addUser(StoreUnderTest.user("a", role: .admin)).user)
        let key = admin.keys[0]
        var brief = key
        brief.expiresAt = .now + .seconds(60)
        var narrow = key
        narrow.scopes = [.chat]

        for after in [brief, narrow] {
            #expect(try await store.updateUser(admin, UserChange(keys: .edit(key, to: after))) == .lastAdmin)
        }
        #expect(try await store.updateUser(admin, UserChange(keys: .revoke(key.id))) == .lastAdmin)
        var other = StoreUnderTest.user("b", role: .admin)
        other.keys[0].expiresAt = .now + .seconds(60)
        _ = try #require(try await store.addUser(other).user)
        #expect(try await store.updateUser(admin, UserChange(keys: .revoke(key.id))) == .lastAdmin)
    }
}
