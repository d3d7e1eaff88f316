import Testing

@testable import Core

/// What of every store is exported.
struct ExportContractTests {
    private static let kinds = StoreUnderTest.all

    @Test(arguments: kinds)
    func `an export has all users, conversations and groups, and those who were removed`(
        kind: StoreUnderTest
    ) async throws {
        let store = try kind.open()
        _ = try await store.addGroup(Group(id: "g1", name: "One"))
        var users: [User] = []
        // More than a page.
        for number in 0..<201 {
            users += [try #require(try await store.addUser(StoreUnderTest.user("u\(number)")).user)]
        }
        for user in [users[0], users[200]] {
            let conversation = Conversation(
                id: "c\(user.id.userID)", title: "T", createdAt: .now, origin: .account(.init(rawValue: "a")),
                upstreamID: nil, turns: [Turn(prompt: "Question", reply: "Answer", startedAt: .now)])
            #expect(try await store.importConversation(conversation, of: user.archive))
        }
        _ = try await store.removeUser(users[0], keepConversations: true, withUsers: false)

        var lines: [JSON] = []
        try await Export(store: store).everything { lines.append($0) }

        let types = lines.map { $0["type"]?.string ?? "" }
        #expect(types.first == "group" && types.count { $0 == "user" } == 200)
        #expect(types.suffix(2) == ["kept_archive", "conversation"])
        let conversations = lines.filter { $0["type"]?.string == "conversation" }
        #expect(conversations.map { $0["user_id"]?.string } == ["u200", "u0"])
        var own: [JSON] = []
        #expect(try await Export(store: store).user(users[0].id) { own.append($0) })
        #expect(own.map { $0["type"]?.string } == ["kept_archive", "conversation"])
        #expect(try await Export(store: store).user(User.ID(owner: "self", userID: "nobody")) { _ in } == false)
    }
}
