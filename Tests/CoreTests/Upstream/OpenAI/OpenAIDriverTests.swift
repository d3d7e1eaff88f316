import Testing

@testable import Core

/// The driver over real connections: each test's server answers one request with given bytes.
@Suite(.timeLimit(.minutes(2))) struct OpenAIDriverTests {
    private let driver = OpenAIDriver(client: .shared, pseudonyms: Pseudonyms(key: [1]), titleTimeout: .seconds(20))

    private func account(_ server: RawServer) -> Account {
        Account(
            id: Account.ID(rawValue: "a"),
            kind: .openAI(Account.OpenAI(baseURL: server.url + "/v1", apiKey: Secret("upstream-key"))), models: ["m"])
    }

    /// What a server that answers with `answer` makes of a prompt: texts, then the end or the failure.
    private func reply(to answer: String) async throws -> (texts: [String], end: Result<UpstreamFinish, UpstreamError>)
    {
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write(answer)
        }
        defer { server.stop() }
        var texts: [String] = []
        do throws(UpstreamError) {
            let reply = try await driver.send(UpstreamPrompt(prompt: "Hello", user: "p"), to: account(server))
            while let event = try await reply.next() {
                guard case .text(let text) = event else {
                    Issue.record("a prompt of our own is answered with text")
                    continue
                }
                texts.append(text.text)
            }
            return (texts, .success(reply.collected.finish))
        } catch {
            return (texts, .failure(error))
        }
    }

    private func stream(_ events: String...) -> String {
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n"
            + events.map { "data: \($0)\n\n" }.joined()
    }

    private let first = #"{"model":"m-1","choices":[{"delta":{"role":"assistant","content":"Hel"}}]}"#
    private let second = #"{"model":"m-1","choices":[{"delta":{"content":"lo"}}]}"#
    private let last = #"{"model":"m-1","choices":[{"delta":{},"finish_reason":"stop"}]}"#

    @Test func `the request carries the prompt, the key and the pseudonym`() async throws {
        let seen = Occurrence(of: RawConnection.Request.self)
        let server = try RawServer { [last] connection in
            guard let request = connection.readRequest() else { return }
            seen.report(request)
            connection.answer("data: \(last)\n\ndata: [DONE]\n\n", headers: "Content-Type: text/event-stream")
        }
        defer { server.stop() }

        _ = try await driver.send(
            UpstreamPrompt(prompt: "Hello", system: "Be brief.", model: "wanted", user: "p-1"),
            to: account(server))
        let request = try #require(await seen.next())
        let body = try JSONReader.read(request.body)

        #expect(request.line == "POST /v1/chat/completions HTTP/1.1")
        #expect(request.headers["authorization"] == "Bearer upstream-key")
        #expect(request.headers["content-type"] == "application/json")
        #expect(body["model"] == "wanted")
        #expect(body["user"] == JSON(Pseudonyms(key: [1]).compute(of: "p-1", at: "127.0.0.1")))
        #expect(body["stream"] == true)
        #expect(body["stream_options"]?["include_usage"] == true)
        #expect(
            body["messages"] == [
                ["role": "system", "content": "Be brief."], ["role": "user", "content": "Hello"],
            ])
    }

    @Test func `a stream gives its text in pieces, then model, reason and usage`() async throws {
        let usage = #"{"model":"m-1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#

        let (texts, end) = try await reply(to: stream(first, second, last, usage, "[DONE]"))

        #expect(texts == ["Hel", "lo"])
        #expect(
            try end.get()
                == UpstreamFinish(
                    model: "m-1", finishReason: "stop", usage: TokenUsage(prompt: 3, completion: 2)))
    }

    @Test func `a whole completion is understood where a stream was asked for`() async throws {
        let body = #"{"model":"m-1","choices":[{"message":{"content":"Hello"},"finish_reason":"length"}]}"#

        let (texts, end) = try await reply(
            to: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )

        #expect(texts == ["Hello"])
        #expect(try end.get() == UpstreamFinish(model: "m-1", finishReason: "length"))
    }

    @Test func `a stream without DONE is whole once it gave a reason`() async throws {
        let (texts, end) = try await reply(to: stream(first, last))

        #expect(texts == ["Hel"])
        #expect(try end.get().finishReason == "stop")
    }

    @Test func `text before a failure is given out before it`() async throws {
        let broken: [(String, UpstreamError.Kind)] = [
            (stream(first), .truncated), (stream(first, "[DONE]"), .truncated),
            (stream(first, #"{"error":{"message":"a secret"}}"#), .truncated), (stream(first, "not JSON"), .badReply),
            (stream(first, "[1]"), .badReply),
        ]
        for (answer, kind) in broken {
            let (texts, end) = try await reply(to: answer)

            #expect(texts == ["Hel"], "\(answer)")
            guard case .failure(let error) = end else {
                Issue.record("this was taken for a whole reply: \(answer)")
                continue
            }
            #expect(error.kind == kind, "\(answer)")
            #expect(error.failure == .transient)
            #expect(!error.reason.contains("secret"))
        }
    }

    @Test func `an answer without any text fails while another account may be tried`() async throws {
        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type:"
        let answers: [(String, UpstreamError.Kind)] = [
            (stream(), .truncated), (stream("[DONE]"), .truncated), (stream(#"{"error":"overloaded"}"#), .truncated),
            (stream("<html>"), .badReply), ("\(head) text/html\r\n\r\n<html>Sorry</html>", .badReply),
            ("\(head) application/json\r\n\r\n", .badReply), ("\(head) application/json\r\n\r\n{}", .badReply),
            ("\(head) application/json\r\n\r\n{\"choices\":[]}", .badReply), ("", .unreachable),
            ("garbage\r\n\r\n", .badReply),
        ]
        for (answer, kind) in answers {
            let server = try RawServer { connection in
                guard connection.readRequest() != nil else { return }
                connection.write(answer)
            }
            defer { server.stop() }

            let error = await #expect(throws: UpstreamError.self, "\(answer)") {
                try await driver.send(UpstreamPrompt(prompt: "Hello", user: "p"), to: account(server))
            }

            #expect(error?.kind == kind, "\(answer)")
            #expect(error?.failure == .transient, "\(answer)")
        }
    }

    @Test func `a refusal is classified by its status and code`() async throws {
        let server = try RawServer { connection in
            while connection.readRequest() != nil {
                connection.answer(
                    #"{"error":{"code":"rate_limit_exceeded"}}"#, status: "429 Too Many Requests",
                    headers: "Retry-After: 7")
            }
        }
        defer { server.stop() }

        let error = await #expect(throws: UpstreamError.self) {
            try await driver.send(UpstreamPrompt(prompt: "Hello", user: "p"), to: account(server))
        }

        #expect(error?.failure == .rateLimited)
        #expect(error?.retryAfter == .seconds(7))
        #expect(error?.upstreamCode == "rate_limit_exceeded")
    }

    @Test func `a completion of a caller goes through as it came`() async throws {
        let chunk = #"{"id":"x","choices":[{"delta":{"content":"Hi","unknown":[1.50]},"finish_reason":"stop"}]}"#
        let answer = stream(chunk, "[DONE]")
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write(answer)
        }
        defer { server.stop() }
        let messages = JSONText([["role": "user", "content": "Hello"]] as JSON)
        let completion = try #require(CompletionRequest(members: [("messages", messages)], isStream: true))

        let reply = try await driver.send(
            UpstreamPrompt(prompt: "Hello", user: "p", completion: completion), to: account(server))

        #expect(try await reply.next() == .passed(Array(chunk.utf8)[...]))
        #expect(try await reply.next() == nil)
        #expect(reply.collected.finish == UpstreamFinish(finishReason: "stop"))
    }
}
