import HTTPTypes
import Synchronization
import Testing

@testable import Core

/// Takes what a streamed body writes.
final class CollectingWriter: BodyWriter {
    private let bytes = Mutex([UInt8]())

    private let most = Mutex(0)

    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
    /// The size of the largest piece.
    var largest: Int { most.withLock { $0 } }

    func write(_ piece: consuming [UInt8]) async throws {
        try Task.checkCancellation()
        let piece = piece
        most.withLock { $0 = max($0, piece.count) }
        bytes.withLock { $0 += piece }
    }
}

struct CompletionsTests {
    private func body(_ messages: [JSON], stream: Bool = false, _ more: (inout JSONObject) -> Void = { _ in }) -> JSON {
        var body = JSONObject()
        body["messages"] = .array(messages)
        body["stream"] = JSON(stream)
        more(&body)
        return .object(body)
    }

    private func message(_ role: String, _ content: String) -> JSON {
        ["role": JSON(role), "content": JSON(content)]
    }

    private func streamed(_ response: Response) async throws -> String {
        guard case .stream(let write) = response.body else { return "" }
        let writer = CollectingWriter()
        try await write(writer)
        return writer.text
    }

    @Test func `a completion made of an upstream's text has the standard's shape and the conversation's id`()
        async throws
    {
        let fixture = try GatewayFixture()
        let key = try fixture.addUser("u1")

        let answer = await fixture.post("/v1/chat/completions", body([message("user", "hi")]), key: key)

        #expect(answer.status == 200)
        #expect(answer.json?["object"]?.string == "chat.completion")
        #expect(answer.json?["choices"]?[0]?["message"]?["content"]?.string == "You said: hi")
        let id = try #require(answer.json?["conversation_id"]?.string)
        let stored = try fixture.store.conversation(id, of: fixture.store.archive(of: "u1"))
        #expect(stored?.title == "hi")
        #expect(stored?.turns.first?.prompt == "hi")
    }

    @Test func `a call that sends a stored thread back continues its conversation`() async throws {
        let fixture = try GatewayFixture()
        let key = try fixture.addUser("u1")
        var thread = [message("system", "Be kind."), message("user", "one")]
        let first = await fixture.post("/v1/chat/completions", body(thread), key: key)
        let reply = try #require(first.json?["choices"]?[0]?["message"]?["content"]?.string)
        thread += [message("assistant", reply), message("user", "two")]

        let second = await fixture.post("/v1/chat/completions", body(thread), key: key)
        let other = await fixture.post(
            "/v1/chat/completions",
            body([message("user", "one"), message("assistant", "something else"), message("user", "two")]), key: key)

        #expect(second.json?["conversation_id"] == first.json?["conversation_id"])
        #expect(other.json?["conversation_id"] != first.json?["conversation_id"])
        let list = await fixture.send(.get, "/api/recall", key: key)
        #expect(list.json?.object?.members.count == 2)
    }

    @Test func `a stream ends with DONE after the turn is stored`() async throws {
        let fixture = try GatewayFixture()
        let key = try fixture.addUser("u1")
        let sent = body([message("user", "hi")], stream: true) { $0["stream_options"] = ["include_usage": true] }

        let answer = await fixture.post("/v1/chat/completions", sent, key: key)
        let text = try await streamed(answer.response)

        #expect(answer.response.headers[.accelBuffering] == "no")
        #expect(text.hasSuffix("data: [DONE]\n\n"))
        #expect(text.contains("\"content\":\"You said: \""))
        #expect(text.contains("\"choices\":[],"))
        #expect(text.contains("\"estimated\":true"))
        let list = await fixture.send(.get, "/api/recall", key: key)
        #expect(list.json?.object?.members.count == 1)
    }

    @Test func `a stream that breaks ends with an error and without DONE`() async throws {
        let driver = ScriptedDriver { _ in
            [.success(.text("half")), .failure(UpstreamError(.truncated, .transient, "cut"))]
        }
        let fixture = try GatewayFixture(driver: driver)
        let key = try fixture.addUser("u1")

        let answer = await fixture.post("/v1/chat/completions", body([message("user", "hi")], stream: true), key: key)
        let text = try await streamed(answer.response)

        #expect(text.contains("\"error\":{"))
        #expect(!text.contains("[DONE]"))
    }

    @Test func `a client acts for the user that the field user names`() async throws {
        let fixture = try GatewayFixture()
        let client = try fixture.addUser("c1", role: .client)
        let sent = body([message("user", "hi")]) { $0["user"] = "discord-7" }

        let answer = await fixture.post("/v1/chat/completions", sent, key: client)
        let nameless = await fixture.post("/v1/chat/completions", body([message("user", "hi")]), key: client)

        #expect(answer.status == 200)
        #expect(nameless.status == 400)
        #expect(nameless.json?["error"]?["param"]?.string == "user")
        #expect(try fixture.store.user(User.ID(owner: "c1", userID: "discord-7")) != nil)
    }

    @Test func `a repeat with the same idempotency key gets the same answer for nothing`() async throws {
        let fixture = try GatewayFixture()
        let key = try fixture.addUser("u1")
        let send = { (content: String) in
            var headers: HTTPFields = [.contentType: "application/json", .authorization: "Bearer \(key)"]
            headers[.idempotencyKey] = "order-1"
            let request = Request(
                id: "0123456789abcdef", method: .post, path: "/v1/chat/completions", headers: headers,
                body: body([message("user", content)]).bytes)
            return await fixture.gateway.respond(to: request)
        }

        let (first, again, different) = (await send("hi"), await send("hi"), await send("ho"))

        guard case .bytes(let one) = first.body, case .bytes(let two) = again.body else {
            Issue.record("both answers should have bytes")
            return
        }
        #expect(one == two)
        #expect(again.headers[.idempotencyReplayed] == "true")
        #expect(fixture.driver.asked.count == 1)
        #expect(different.status == .unprocessableContent)
    }

    @Test func `models are those that the key may use`() async throws {
        let accounts = [
            GatewayFixture.account("a", models: ["small"]),
            GatewayFixture.account("p", isPlus: true, models: ["large"]),
        ]
        let fixture = try GatewayFixture(accounts: accounts)
        let (plain, plus) = (try fixture.addUser("u1"), try fixture.addUser("u2", hasPlus: true))

        let few = await fixture.send(.get, "/v1/models", key: plain)
        let all = await fixture.send(.get, "/v1/models", key: plus)
        let one = await fixture.send(.get, "/v1/models/large", key: plain)

        #expect(few.json?["data"]?.array?.compactMap { $0["id"]?.string } == ["small"])
        #expect(all.json?["data"]?.array?.compactMap { $0["id"]?.string } == ["small", "large"])
        #expect(one.status == 404)
        #expect(one.json?["error"]?["code"]?.string == "model_not_found")
    }

    @Test func `errors have the standard's shape`() async throws {
        let fixture = try GatewayFixture()
        let key = try fixture.addUser("u1")
        let table: [(JSON, String?, Int, String)] = [
            (body([message("user", "x")]), nil, 401, "invalid_api_key"),
            (body([message("user", "x")]), fixture.adminKey, 403, "not_allowed"),
            (body([]), key, 400, "invalid_parameter"), ([:], key, 400, "invalid_parameter"),
            (body([["content": "x"]]), key, 400, "invalid_parameter"),
            (body([message("user", "x")]) { $0["conversation_id"] = "none" }, key, 404, "conversation_not_found"),
        ]
        for (sent, key, status, code) in table {
            let answer = await fixture.post("/v1/chat/completions", sent, key: key)
            #expect(answer.status == status)
            #expect(answer.json?["error"]?["code"]?.string == code)
            #expect(answer.json?["error"]?["message"]?.string?.isEmpty == false)
        }
        let unknown = await fixture.send(.get, "/v1/nothing", key: key)
        #expect(unknown.json?["error"]?["code"]?.string == "unknown_url")
    }

    @Test func `a chat is streamed in events and stored before the last`() async throws {
        let fixture = try GatewayFixture()
        let key = try fixture.addUser("u1")

        let answer = await fixture.post("/api/chat", ["prompt": "hi", "stream": true], key: key)
        let text = try await streamed(answer.response)

        let names = text.split(separator: "\n").filter { $0.hasPrefix("event: ") }.map { $0.dropFirst(7) }
        #expect(names == ["start", "delta", "delta", "done"])
        let list = await fixture.send(.get, "/api/recall", key: key)
        #expect(list.json?.object?.members.count == 1)
    }
}
