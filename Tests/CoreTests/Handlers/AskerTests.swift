import Testing

@testable import Core

/// Who pays for a call, and what it may do.
struct AskerTests {
    private let directory = TemporaryDirectory()

    private func call(_ principal: Principal, _ members: JSON = [:]) throws -> Call {
        let request = Request(
            id: "r", method: .post, path: "/api/chat", headers: [.contentType: "application/json"],
            body: members.bytes)
        return Call(
            request: request, parameters: try Parameters(of: request), kind: .api, principal: principal)
    }

    private func user(_ store: JSONFileStore, in groups: [Group.ID]) throws -> User {
        for id in groups where try store.group(id) == nil { #expect(try store.addGroup(Group(id: id))) }
        let user = try store.adding(
            User(id: User.ID(owner: "self", userID: "u"), username: "u", keys: [User.Key(.generate())]))
        return try #require(try store.updateUser(user, UserChange(groups: .set(groups))).user)
    }

    @Test func `the key's group pays, else the one that the call names, else the first that is valid`() async throws {
        let store = try directory.store()
        let user = try user(store, in: ["one", "two", "three"])
        var ended = try #require(try store.group("one"))
        ended.validUntil = .now
        #expect(try store.updateGroup(#require(try store.group("one")), to: ended) == .changed)
        let authenticator = Authenticator(store: store)
        func payer(_ key: User.Key, _ members: JSON = [:]) async throws -> Group.ID? {
            let principal = Principal(caller: user, keys: [key], groups: try store.validGroups(of: user))
            return try await authenticator.asker(for: user, in: try call(principal, members)).rights.group?.id
        }
        var key = user.keys[0]

        #expect(try await payer(key) == "two")
        #expect(try await payer(key, ["group": "three"]) == "three")
        await #expect(throws: GatewayError.self) { try await payer(key, ["group": "one"]) }
        key.group = "three"
        #expect(try await payer(key, ["group": "two"]) == "three")
    }

    @Test func `of a client's call the user's groups count`() async throws {
        let store = try directory.store()
        let user = try user(store, in: ["one"])
        let client = User(id: User.ID(owner: "self", userID: "c"), username: "c", role: .client)
        var key = User.Key(.generate())
        key.models = ["m"]
        let principal = Principal(caller: client, keys: [key])
        let asker = try await Authenticator(store: store).asker(for: user, in: try call(principal))
        #expect(asker.rights.group?.id == "one")
        #expect(asker.rights.models.contains("m") && !asker.rights.models.contains("n"))

        var ended = try #require(try store.group("one"))
        ended.validUntil = .now
        #expect(try store.updateGroup(#require(try store.group("one")), to: ended) == .changed)
        await #expect(throws: GatewayError.groupEnded) {
            try await Authenticator(store: store).asker(for: user, in: try call(principal))
        }
    }

    @Test func `a user without groups pays for itself and may do what it could`() async throws {
        let store = try directory.store()
        let user = try user(store, in: [])
        let principal = Principal(caller: user, keys: user.keys)
        let rights = try await Authenticator(store: store).asker(for: user, in: try call(principal)).rights
        #expect(rights.group == nil && rights.models.areAll && !rights.hasPlus)
    }
}
