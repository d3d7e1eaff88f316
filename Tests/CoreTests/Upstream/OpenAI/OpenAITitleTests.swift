import Testing

@testable import Core

/// Titles over real connections, with a server that refuses what newer models refuse.
@Suite(.timeLimit(.minutes(2))) struct OpenAITitleTests {
    private let driver = OpenAIDriver(client: .shared, pseudonyms: Pseudonyms(key: [1]), titleTimeout: .seconds(20))
    private let turn = Turn(prompt: "Why is the sky blue?", reply: "It scatters.", startedAt: .now, model: "m")

    private func account(_ server: ScriptedHTTPServer) -> Account {
        Account(id: Account.ID(rawValue: "a"), kind: .openAI(Account.OpenAI(baseURL: server.url)), models: ["m"])
    }

    private func title(_ turn: Turn, _ server: ScriptedHTTPServer) async throws -> String? {
        let account = account(server)
        let conversation = Conversation(origin: .account(account.id))
        return try await driver.title(for: turn, of: conversation, from: account, user: "p-1")?.text
    }

    private func bodies(_ server: ScriptedHTTPServer) throws -> [JSON] {
        try server.requests.map { request in
            let head = try #require(request.firstRange(of: "\r\n\r\n"))
            return try JSONReader.read(String(request[head.upperBound...]))
        }
    }

    private static func answer(_ text: String) -> ScriptedHTTPServer.Answer {
        .json(["choices": [["index": 0, "message": ["role": "assistant", "content": JSON(text)]]]])
    }

    @Test func `a model that refuses max_tokens is asked again as it wants, and remembered`() async throws {
        let server = ScriptedHTTPServer { request in
            request.contains("\"max_tokens\"")
                ? .json(
                    [
                        "error": [
                            "message": "Use 'max_completion_tokens' instead.", "param": "max_tokens",
                            "code": "unsupported_parameter",
                        ]
                    ], status: 400)
                : Self.answer("Sky")
        }

        #expect(try await title(turn, server) == "Sky")
        #expect(try await title(turn, server) == "Sky")

        let bodies = try bodies(server)
        #expect(bodies.map { $0["max_tokens"] != nil } == [true, false, false])
        #expect(bodies.allSatisfy { $0["user"] == JSON(Pseudonyms(key: [1]).compute(of: "p-1", at: "127.0.0.1")) })
        #expect(bodies.last?["max_completion_tokens"]?.int ?? 0 > 256)
    }

    @Test(arguments: ["gpt-5-mini", "o3", "openai/o4-mini"])
    func `a model that is known to reason is asked as it wants at once`(model: String) async throws {
        let server = ScriptedHTTPServer { _ in Self.answer("Sky") }
        var turn = turn
        turn.requestedModel = model

        _ = try await title(turn, server)

        #expect(try bodies(server).map { $0["max_tokens"] == nil } == [true])
    }

    @Test func `thoughts are no title`() async throws {
        let done = ScriptedHTTPServer { _ in Self.answer("<think>\nHm.\n</think>\n\nBlue Sky") }
        let cut = ScriptedHTTPServer { _ in Self.answer("<think>\nHm") }

        #expect(Title.clean(try await title(turn, done) ?? "") == "Blue Sky")
        #expect(try await title(turn, cut) == nil)
    }
}
