import Logging
import Testing

@testable import Core

@Suite struct ChatGPTDriverTests {
    private static let token = "eyJhbGciOiJub25lIn0.e30.x"

    /// A driver on `server` that gives up soon.
    private func driver(_ server: ScriptedHTTPServer, _ directory: TemporaryDirectory) throws -> ChatGPTDriver {
        var configuration = HTTPClient.Configuration()
        configuration.firstByteTimeout = .milliseconds(300)
        let client = HTTPClient(configuration: configuration)
        var settings = Settings()
        settings.server.replyLimits.idle = .seconds(3)
        settings.openAI.baseURL = server.url
        settings.openAI.webBaseURL = server.url
        settings.openAI.authBaseURL = server.url
        let tokens = AccessTokens(
            store: try directory.store(), client: client, settings: settings.openAI, log: Logger(label: "test"))
        return ChatGPTDriver(client: client, settings: settings, tokens: tokens)
    }

    private let account = Account(
        id: Account.ID(rawValue: "a"), kind: .chatGPT(.init(accessToken: Secret(Self.token))))

    /// The text that a caller has at the end.
    private func text(of reply: any UpstreamReply) async throws -> String {
        var text = ""
        while let event = try await reply.next() {
            switch event {
            case .text(let more): text += more.text
            case .replaced(let whole): text = whole.text
            case .passed, .silence: Issue.record("only text is expected")
            }
        }
        #expect(reply.collected.text.text == text)
        return text
    }

    /// The stored conversation in which `answer` follows the prompt of `request`.
    private static func stored(_ answer: JSON, after request: String) -> JSON {
        let body = request.firstRange(of: "\r\n\r\n").flatMap {
            try? JSONReader.read(String(request[$0.upperBound...]), limits: .trusted)
        }
        let prompt = body?["messages"]?[0]?["id"]?.string ?? ""
        return [
            "current_node": "b001",
            "mapping": [
                "b001": ["id": "b001", "message": answer["message"] ?? .null, "parent": JSON(prompt)]
            ],
        ]
    }

    @Test func aStreamThatFallsSilentIsReadBack() async throws {
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let server = ScriptedHTTPServer.remembering { request, first in
            request.hasPrefix("GET ")
                ? .json(Self.stored(ChatGPTStream.last("Danube, Nile"), after: first))
                : .stream(ChatGPTStream.bytes([ChatGPTStream.snapshot("Danube")], isDone: false), ending: .silence)
        }

        let reply = try await driver(server, directory).send(
            UpstreamPrompt(prompt: "Rivers", user: "u"), to: account)
        let text = try await text(of: reply)

        #expect(text == "Danube, Nile")
        #expect(
            reply.collected.finish
                == UpstreamFinish(
                    model: "text-davinci-002-render-sha", finishReason: "stop", messageID: "b001",
                    conversationID: ChatGPTStream.conversation))
        #expect(server.requests.filter { $0.hasPrefix("POST") }.count == 1)
    }

    @Test func whatIsNotThereWhenReadBackIsTruncatedAndItsThreadIsKnown() async throws {
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let server = ScriptedHTTPServer { request in
            request.hasPrefix("GET ")
                ? .json(["mapping": [:], "current_node": nil])
                : .stream(ChatGPTStream.bytes([ChatGPTStream.snapshot("Danube")], isDone: false))
        }

        let reply = try await driver(server, directory).send(
            UpstreamPrompt(prompt: "Rivers", user: "u"), to: account)

        #expect(try await reply.next() == .text(EscapedText("Danube")))
        #expect(
            reply.collected.finish
                == UpstreamFinish(
                    model: "text-davinci-002-render-sha", messageID: "b001",
                    conversationID: ChatGPTStream.conversation))
        let error = await #expect(throws: UpstreamError.self) { try await reply.next() }
        #expect(error?.kind == .truncated && error?.mayBeAccepted == true)
    }

    @Test func silenceBeforeTheHeadIsATimeoutThatIsNotRepeated() async throws {
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let server = ScriptedHTTPServer { _ in .init(bytes: [], ending: .silence) }
        let driver = try driver(server, directory)

        let error = await #expect(throws: UpstreamError.self) {
            try await driver.send(UpstreamPrompt(prompt: "Rivers", user: "u"), to: account)
        }

        #expect(error?.kind == .timeout && error?.mayBeAccepted == true)
        #expect(server.requests.count == 1)
    }

    @Test func theRequestHasTheTokenAndNothingOfTheCaller() async throws {
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let server = ScriptedHTTPServer { _ in .stream(ChatGPTStream.bytes([ChatGPTStream.last("Hello")])) }

        let reply = try await driver(server, directory).send(
            UpstreamPrompt(prompt: "Hi", system: "Be brief.", user: "u-someone"), to: account)
        _ = try await text(of: reply)

        let request = try #require(server.requests.first)
        #expect(request.contains("Authorization: Bearer \(Self.token)\r\n"))
        #expect(request.contains("Be brief.\\n\\nHi"))
        #expect(!request.contains("u-someone"))
    }

    @Test func aCapOfAModelIsAskedForOnceAndOtherModelsGoOn() async throws {
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let server = ScriptedHTTPServer { request in
            request.contains("\"gpt-4\"")
                ? .json(["detail": ["code": "model_cap_exceeded", "clears_in": 60]], status: 429)
                : .stream(ChatGPTStream.bytes([ChatGPTStream.last("Hello")]))
        }
        let driver = try driver(server, directory)

        for _ in 0..<3 {
            let error = await #expect(throws: UpstreamError.self) {
                try await driver.send(UpstreamPrompt(prompt: "Hi", model: "gpt-4", user: "u"), to: account)
            }
            #expect(error?.failure == .modelUnavailable)
        }
        let reply = try await driver.send(UpstreamPrompt(prompt: "Hi", user: "u"), to: account)

        #expect(try await text(of: reply) == "Hello")
        #expect(server.requests.count == 2)
    }

    @Test func onlyOneOfManyWaitersSignsIn() async throws {
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let server = ScriptedHTTPServer { request in
            request.contains("/api/auth/session") ? .json(["accessToken": JSON(Self.token)]) : .json([:], status: 500)
        }
        let tokens = try driver(server, directory).tokens
        let account = Account(
            id: Account.ID(rawValue: "a"), kind: .chatGPT(.init(sessionToken: Secret("a-session-cookie"))))

        let given = try await withThrowingTaskGroup(of: AccessToken.self) { group in
            for _ in 0..<8 { group.addTask { try await tokens.token(for: account) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }

        #expect(given.count == 8 && Set(given.map(\.secret.value)) == [Self.token])
        #expect(server.requests.count == 1)
        #expect(server.requests.first?.contains("session-token=a-session-cookie") == true)
    }

    @Test func aSignInNeverFollowsToAnotherHost() async throws {
        let other = ScriptedHTTPServer { _ in .json([:]) }
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let server = ScriptedHTTPServer { request in
            if request.contains("/api/auth/csrf") { return .json(["csrfToken": "t"]) }
            return .json(["url": JSON("\(other.url)/authorize?x=1")])
        }
        let tokens = try driver(server, directory).tokens
        let account = Account(
            id: Account.ID(rawValue: "a"),
            kind: .chatGPT(.init(email: "a@example.org", password: Secret("a-password"))))

        let error = await #expect(throws: UpstreamError.self) { try await tokens.token(for: account) }

        #expect(error?.reason.contains("sign-in") == true)
        #expect(other.requests.isEmpty)
        // A second try within the minute is not made at all.
        let count = server.requests.count
        await #expect(throws: UpstreamError.self) { try await tokens.token(for: account) }
        #expect(server.requests.count == count)
    }
}

extension ScriptedHTTPServer {
    /// Gives each answer the first request as well.
    fileprivate static func remembering(
        _ answer: @escaping @Sendable (_ request: String, _ first: String) -> Answer
    ) -> ScriptedHTTPServer {
        let first = FirstRequest()
        return ScriptedHTTPServer { request in answer(request, first.keep(request)) }
    }
}
