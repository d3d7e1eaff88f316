import Glibc
import Testing

@testable import Core

/// Conversations of any size are given back turn by turn.
@Suite(.timeLimit(.minutes(2)))
struct RecallStreamTests {

    /// A fixture with a conversation of turns `t0`…, each with a reply of `size` bytes.
    private func fixture(turns: Int, size: Int) async throws -> (GatewayFixture, key: String, id: String) {
        let fixture = try GatewayFixture()
        let key = try fixture.addUser("u")
        var conversation = Conversation(title: "A \"title\"", origin: .account(Account.ID(rawValue: "a")))
        for number in 0..<turns {
            conversation.turns.append(
                Turn(
                    id: "t\(number)", prompt: "prompt \(number)", reply: String(repeating: "r", count: size),
                    startedAt: conversation.createdAt))
        }
        #expect(try fixture.store.importConversation(conversation, of: fixture.store.archive(of: "u")))
        return (fixture, key, conversation.id)
    }

    @Test func givesALargeConversationInPieces() async throws {
        let (fixture, key, id) = try await fixture(turns: 100, size: 20_000)

        let answer = await fixture.post("/api/recall", ["conversation_id": JSON(id)], key: key)

        #expect(answer.status == 200)
        #expect(answer.json?["conversation_title"]?.string == "A \"title\"")
        let messages = answer.json?["messages"]?.array ?? []
        #expect(messages.count == 100)
        #expect(messages.first?["t0"]?["prompt"]?.string == "prompt 0")
        #expect(messages.last?["t99"]?["reply"]?.string?.utf8.count == 20_000)
        guard case .stream(let write) = answer.response.body else {
            Issue.record("not streamed")
            return
        }
        let body = CollectingWriter()
        try await write(body)
        #expect(body.largest < 200_000)
    }

    @Test func givesPagesOfTurnsFromTheEnd() async throws {
        let (fixture, key, id) = try await fixture(turns: 5, size: 10)

        let last = await fixture.post("/api/recall", ["conversation_id": JSON(id), "turns_limit": 2], key: key)
        let before = await fixture.post(
            "/api/recall", ["conversation_id": JSON(id), "turns_limit": 3, "turns_before": "t3"], key: key)

        #expect(ids(last) == ["t3", "t4"])
        let link = last.response.headers[.link]
        #expect(link == "</api/recall?conversation_id=\(id)&turns_limit=2&turns_before=t3>; rel=\"next\"")
        #expect(ids(before) == ["t0", "t1", "t2"])
        #expect(before.response.headers[.link] == nil)
    }

    @Test func refusesATurnThatIsNotThere() async throws {
        let (fixture, key, id) = try await fixture(turns: 1, size: 10)

        let answer = await fixture.post(
            "/api/recall", ["conversation_id": JSON(id), "turns_before": "t9"], key: key)

        #expect(answer.status == 422)
        #expect(answer.json?["parameter"]?.string == "turns_before")
    }

    @Test func passesOverATurnThatIsSpoilt() async throws {
        let (fixture, key, id) = try await fixture(turns: 3, size: 10)
        try JSONFileStore.spoil(
            "prompt 0", with: "P", in: fixture.store.log(of: try fixture.store.archive(of: "u")))

        for form in ["seed", "json", "markdown"] {
            let answer = await fixture.post(
                "/api/recall", ["conversation_id": JSON(id), "format": JSON(form)], key: key)
            #expect(answer.status == 200)
            #expect(form == "markdown" || answer.json != nil, "\(answer.text)")
            #expect(!answer.text.contains("rompt 0"))
            #expect(answer.text.contains("prompt 1"))
        }
    }

    @Test(arguments: ["json", "markdown"])
    func givesTheSameAsTheWholeConversation(form: String) async throws {
        let (fixture, key, id) = try await fixture(turns: 3, size: 100_000)
        let whole = try #require(try fixture.store.conversation(id, of: fixture.store.archive(of: "u")))

        let answer = await fixture.post(
            "/api/recall", ["conversation_id": JSON(id), "format": JSON(form)], key: key)

        #expect(answer.text == (form == "json" ? whole.export.text : whole.markdown))
    }

    @Test func saysWhereTheListGoesOn() async throws {
        let (fixture, key, _) = try await fixture(turns: 1, size: 10)
        for _ in 0..<2 {
            let other = Conversation(
                origin: .account(Account.ID(rawValue: "a")), turns: [Turn(prompt: "p", reply: "r", startedAt: .now)])
            #expect(try fixture.store.importConversation(other, of: fixture.store.archive(of: "u")))
        }

        let all = await fixture.post("/api/recall", [:], key: key)
        let two = await fixture.post("/api/recall", ["limit": 2], key: key)

        #expect(all.json?.object?.members.count == 3)
        #expect(all.response.headers[.link] == nil)
        let names = two.json?.object?.names ?? []
        #expect(names.count == 2)
        #expect(two.response.headers[.link] == "</api/recall?limit=2&before=\(names.last ?? "")>; rel=\"next\"")
    }

    private func ids(_ answer: GatewayFixture.Answer) -> [String] {
        (answer.json?["messages"]?.array ?? []).compactMap { $0.object?.names.first }
    }
}
