import Testing

@testable import Core

/// What every store must do with conversations; two stores are two workers.
struct ConversationsContractTests {
    private static let kinds = StoreUnderTest.all

    /// Stores one more turn of `conversation`: the only place here that says how a turn is stored.
    private func finish(
        _ store: any Store, _ conversation: inout Conversation, _ prompt: String, of archive: ArchiveID
    ) async throws -> Bool {
        conversation.turns.append(Turn(prompt: prompt, reply: "reply to \(prompt)", startedAt: .now))
        return try await store.appendTurn(of: conversation, of: archive)
    }

    private func conversation(_ id: String) -> Conversation {
        Conversation(id: id, title: "title of \(id)", origin: .account(Account.ID(rawValue: "a")), turns: [])
    }

    private func archive(_ store: any Store, _ id: String = "u") async throws -> ArchiveID {
        try #require(try await store.addUser(StoreUnderTest.user(id)).user).archive
    }

    @Test(arguments: kinds) func `turns are there in their order, in all workers`(kind: StoreUnderTest) async throws {
        let workers = try kind.open(workers: 2)
        let archive = try await archive(workers[0])
        var talk = conversation("c")
        for number in 0..<5 {
            #expect(try await finish(workers[number % 2], &talk, "prompt \(number)", of: archive))
        }

        let read = try #require(try await workers[1].conversation("c", of: archive, atMost: .max)?.conversation)

        #expect(read.turns.map(\.prompt) == (0..<5).map { "prompt \($0)" })
        #expect(read.turns.last?.reply == "reply to prompt 4")
        #expect(read.title == "title of c")
        #expect(try await workers[1].conversationSize("c", of: archive) != nil)
        #expect(try await workers[1].conversation("none", of: archive, atMost: .max)?.conversation == nil)
    }

    @Test(arguments: kinds) func `one at a time is admitted, by each name`(kind: StoreUnderTest) async throws {
        let workers = try kind.open(workers: 2)
        let (mine, other) = (try await archive(workers[0]), try await archive(workers[0], "v"))
        var talk = conversation("c")
        talk.turns.append(Turn(prompt: "p", reply: "r", startedAt: .now))
        let end = TurnEnd(of: talk, in: mine, threadsAfter: ["thread"], key: "key")
        #expect(try await workers[0].finish(end))

        for name in [Conversation.Name.id("c"), .thread("thread"), .key("key")] {
            let first = try await workers[0].admit(to: name, of: mine, atMost: .max, timeout: .zero)
            guard case .admitted(let lease, let stored) = first else {
                Issue.record("\(name) is not admitted")
                continue
            }
            #expect(stored.conversation?.turns.map(\.prompt) == ["p"])
            for worker in workers {
                let second = try await worker.admit(to: name, of: mine, atMost: .max, timeout: .milliseconds(1))
                if case .busy = second { continue }
                Issue.record("\(name) is admitted twice")
            }
            if case .missing = try await workers[1].admit(to: name, of: other, atMost: .max, timeout: .zero) {
            } else {
                Issue.record("\(name) is found by another")
            }
            withExtendedLifetime(lease) {}
        }
        let large = try await workers[1].admit(to: .id("c"), of: mine, atMost: 10, timeout: .seconds(5))
        if case .admitted(_, let stored) = large { #expect(stored.conversation == nil && stored.size > 10) }
        for name in [Conversation.Name.id("d"), .thread("t"), .key("k")] {
            if case .missing = try await workers[1].admit(to: name, of: mine, atMost: .max, timeout: .zero) { continue }
            Issue.record("\(name) is there")
        }
    }

    @Test(arguments: kinds) func `a thread that moved on while it was waited for is missing`(
        kind: StoreUnderTest
    ) async throws {
        let workers = try kind.open(workers: 2)
        let archive = try await archive(workers[0])
        var talk = conversation("c")
        talk.turns.append(Turn(prompt: "p", reply: "r", startedAt: .now))
        #expect(try await workers[0].finish(TurnEnd(of: talk, in: archive, threadsAfter: ["one"])))
        var lease = try await workers[0].lease(.turn("c"), timeout: .zero)
        #expect(lease != nil)

        async let waiting = workers[1].admit(to: .thread("one"), of: archive, atMost: .max, timeout: .seconds(30))
        talk = try #require(try await workers[0].conversation("c", of: archive, atMost: .max)?.conversation)
        talk.turns.append(Turn(prompt: "q", reply: "s", startedAt: .now))
        #expect(
            try await workers[0].finish(
                TurnEnd(of: talk, in: archive, threadBefore: "one", threadsAfter: ["two"])))
        lease = nil

        guard case .missing = try await waiting else { return #expect(Bool(false), "it was admitted") }
    }

    @Test(arguments: kinds) func `nobody finds the conversation of another`(kind: StoreUnderTest) async throws {
        let store = try kind.open()
        let (mine, other) = (try await archive(store, "u"), try await archive(store, "v"))
        var talk = conversation("c")
        _ = try await finish(store, &talk, "p", of: mine)

        #expect(try await store.conversation("c", of: other, atMost: .max)?.conversation == nil)
        #expect(try await store.conversations(of: other, before: nil, limit: 10).isEmpty)
        #expect(try await !store.removeConversation("c", of: other))
        #expect(try await store.conversation("c", of: mine, atMost: .max)?.conversation != nil)
    }

    @Test(arguments: kinds) func `the list has what was used last on top, in pages`(kind: StoreUnderTest) async throws {
        let store = try kind.open()
        let archive = try await archive(store)
        var talks = (0..<5).map { conversation("c\($0)") }
        for index in talks.indices { _ = try await finish(store, &talks[index], "p", of: archive) }
        _ = try await finish(store, &talks[1], "again", of: archive)

        let first = try await store.conversations(of: archive, before: nil, limit: 3).map(\.id)
        #expect(first == ["c1", "c4", "c3"])
        #expect(try await store.conversations(of: archive, before: "c3", limit: 3).map(\.id) == ["c2", "c0"])
    }

    @Test(arguments: kinds) func `a conversation is renamed, and removed for good`(kind: StoreUnderTest) async throws {
        let workers = try kind.open(workers: 2)
        let archive = try await archive(workers[0])
        var talk = conversation("c")
        _ = try await finish(workers[0], &talk, "p", of: archive)

        #expect(try await workers[0].renameConversation("c", of: archive, to: "another"))
        #expect(try await workers[1].conversation("c", of: archive, atMost: .max)?.conversation?.title == "another")
        #expect(try await workers[1].conversations(of: archive, before: nil, limit: 1).first?.title == "another")
        #expect(try await !workers[0].renameConversation("none", of: archive, to: "x"))

        #expect(try await workers[1].removeConversation("c", of: archive))
        #expect(try await workers[0].conversation("c", of: archive, atMost: .max)?.conversation == nil)
        #expect(try await workers[0].conversations(of: archive, before: nil, limit: 10).isEmpty)
        #expect(try await !workers[0].removeConversation("c", of: archive))
        #expect(try await !finish(workers[0], &talk, "late", of: archive))
    }

    @Test(arguments: kinds) func `nothing is stored for a user who is gone`(kind: StoreUnderTest) async throws {
        let store = try kind.open()
        let user = try #require(try await store.addUser(StoreUnderTest.user("u")).user)
        var talk = conversation("c")
        _ = try await finish(store, &talk, "p", of: user.archive)
        _ = try await store.removeUser(user, keepConversations: false, withUsers: false)

        #expect(try await !finish(store, &talk, "late", of: user.archive))
        let next = try #require(try await store.addUser(StoreUnderTest.user("u")).user)
        #expect(try await store.conversation("c", of: next.archive, atMost: .max) == nil)
    }
}
