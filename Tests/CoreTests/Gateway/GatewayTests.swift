import HTTPTypes
import Testing

@testable import Core

struct GatewayTests {
    @Test func `a chat answers with the whole object and can be continued, recalled and removed`() async throws {
        let fixture = try GatewayFixture()
        let key = try fixture.addUser("u1")

        let first = await fixture.send(.get, "/api/chat", query: "user=\(key)&prompt=Hello+you%21")
        let id = try #require(first.json?["conversation_id"]?.string)
        #expect(first.status == 200)
        #expect(first.json?["message"]?["content"]?["parts"]?[0]?.string == "You said: Hello you!")
        #expect(first.json?["conversation_title"]?.string == "A given title")
        #expect(first.json?["api_user"]?.string == "Name of u1")
        #expect(first.json?["api_client_id"]?.string == "self")
        #expect(first.json?["error"]?.isNull == true)
        #expect(first.json?["last_message_prompt"] == nil)
        #expect(!first.text.contains("\"a\""))

        let second = await fixture.post("/api/chat", ["prompt": "More", "conversation_id": JSON(id)], key: key)
        #expect(second.json?["last_message_prompt"]?.string == "Hello you!")
        #expect(second.json?["last_message_reply"]?.string == "You said: Hello you!")
        #expect(fixture.driver.asked.last?.prompt.conversation?.turns.count == 1)

        let recalled = await fixture.post("/api/recall", ["user": JSON(key), "conversation_id": JSON(id)])
        #expect(recalled.json?["messages"]?.array?.count == 2)
        let list = await fixture.post("/api/recall", ["user": JSON(key)])
        #expect(list.json?[id]?["messages"]?.int == 2)

        let removed = await fixture.post("/api/remove-conversation", ["user": JSON(key), "conversation_id": JSON(id)])
        #expect(removed.status == 200)
        let gone = await fixture.post("/api/recall", ["user": JSON(key), "conversation_id": JSON(id)])
        #expect(gone.status == 404)
    }

    @Test func `another user's conversation looks like none`() async throws {
        let fixture = try GatewayFixture()
        let (mine, other) = (try fixture.addUser("u1"), try fixture.addUser("u2"))
        let chat = await fixture.post("/api/chat", ["prompt": "x"], key: mine)
        let id = try #require(chat.json?["conversation_id"]?.string)

        for path in ["/api/recall", "/api/remove-conversation", "/api/chat"] {
            let real = await fixture.post(path, ["conversation_id": JSON(id), "prompt": "x"], key: other)
            let none = await fixture.post(path, ["conversation_id": "nothing", "prompt": "x"], key: other)
            #expect(real.status == 404)
            #expect(real.text == none.text)
        }
    }

    @Test func `forms of both kinds and the reply alone are understood`() async throws {
        let fixture = try GatewayFixture()
        let key = try fixture.addUser("u1")

        let form = await fixture.send(
            .post, "/api/chat", type: "application/x-www-form-urlencoded",
            body: "user=\(key)&prompt=a%26b&reply_only=true")
        #expect(form.text == "You said: a&b")
        #expect(form.response.headers[.contentType] == "text/plain; charset=utf-8")

        let part = { (name: String, value: String) in
            "--XX\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"
        }
        let multipart = await fixture.send(
            .post, "/api/chat", type: "multipart/form-data; boundary=XX",
            body: part("user", key) + part("prompt", "line 1\r\nline 2") + part("reply_only", "true") + "--XX--\r\n")
        #expect(multipart.text == "You said: line 1\r\nline 2")
    }

    @Test func `a pretty reply is a page in which nothing runs`() async throws {
        let fixture = try GatewayFixture()
        let key = try fixture.addUser("u1")
        let attack = "<script>alert(1)</script> [x](javascript:alert(1)) ![i](http://evil.example/i.png) **bold**"

        let answer = await fixture.post(
            "/api/chat", ["prompt": JSON(attack), "reply_only": true, "pretty": true], key: key)

        #expect(answer.response.headers[.contentType] == "text/html; charset=utf-8")
        #expect(answer.text.contains("<strong>bold</strong>"))
        for danger in ["<script>alert", "javascript:", "<img", "onerror"] { #expect(!answer.text.contains(danger)) }
    }

    @Test func `the round goes over the pool that the user may use`() async throws {
        let accounts = [
            GatewayFixture.account("f1"), GatewayFixture.account("p1", isPlus: true), GatewayFixture.account("f2"),
        ]
        let fixture = try GatewayFixture(accounts: accounts)
        let (plain, plus) = (try fixture.addUser("u1"), try fixture.addUser("u2", hasPlus: true))

        for _ in 0..<4 { _ = await fixture.post("/api/chat", ["prompt": "x"], key: plain) }
        #expect(fixture.driver.asked.map(\.account.rawValue) == ["f1", "f2", "f1", "f2"])
        for _ in 0..<3 { _ = await fixture.post("/api/chat", ["prompt": "x", "plus": "any"], key: plus) }
        #expect(fixture.driver.asked.suffix(3).map(\.account.rawValue) == ["f1", "p1", "f2"])
        _ = await fixture.post("/api/chat", ["prompt": "x", "plus": true], key: plus)
        #expect(fixture.driver.asked.last?.account.rawValue == "p1")
        let refused = await fixture.post("/api/chat", ["prompt": "x", "plus": true], key: plain)
        #expect(refused.status == 403)
        #expect(refused.code == "plus_not_allowed")
        let fallen = await fixture.post("/api/chat", ["prompt": "x", "plus": "any"], key: plain)
        #expect(fallen.status == 200)
    }

    @Test func `a failure before the first byte moves on and rests the account`() async throws {
        let fixture = try GatewayFixture(accounts: [GatewayFixture.account("a"), GatewayFixture.account("b")])
        let key = try fixture.addUser("u1")
        fixture.driver.fail(
            Account.ID(rawValue: "a"), with: UpstreamError(.refused, .rateLimited, "429", retryAfter: .seconds(10_000)))

        let answer = await fixture.post("/api/chat", ["prompt": "x"], key: key)
        let next = await fixture.post("/api/chat", ["prompt": "x"], key: key)

        #expect(answer.status == 200)
        #expect(next.status == 200)
        #expect(fixture.driver.asked.map(\.account.rawValue) == ["a", "b", "b"])
        fixture.driver.fail(
            Account.ID(rawValue: "b"), with: UpstreamError(.refused, .rateLimited, "429", retryAfter: .seconds(5000)))
        let none = await fixture.post("/api/chat", ["prompt": "x"], key: key)
        #expect(none.status == 503)
        let resting = await fixture.post("/api/chat", ["prompt": "x"], key: key)
        #expect(resting.code == "no_account_available")
        #expect(resting.response.headers[.retryAfter].flatMap { Int($0) }.map { (4000...5000).contains($0) } == true)
    }

    @Test func `the caller's own fault neither moves on nor rests an account`() async throws {
        let fixture = try GatewayFixture(accounts: [GatewayFixture.account("a"), GatewayFixture.account("b")])
        let key = try fixture.addUser("u1")
        fixture.driver.fail(Account.ID(rawValue: "a"), with: UpstreamError(.refused, .callerFault, "status 400"))

        let answer = await fixture.post("/api/chat", ["prompt": "x"], key: key)

        #expect(answer.status == 400)
        #expect(fixture.driver.asked.count == 1)
        #expect(try fixture.store.health(of: Account.ID(rawValue: "a")).isUntouched)
    }

    @Test func `a refused credential disables the account, whose conversations then answer 409`() async throws {
        let fixture = try GatewayFixture()
        let key = try fixture.addUser("u1")
        let chat = await fixture.post("/api/chat", ["prompt": "x"], key: key)
        let id = try #require(chat.json?["conversation_id"])
        fixture.driver.fail(Account.ID(rawValue: "a"), with: UpstreamError(.refused, .credential, "status 401"))
        _ = await fixture.post("/api/chat", ["prompt": "x"], key: key)

        let followUp = await fixture.post("/api/chat", ["prompt": "x", "conversation_id": id], key: key)

        #expect(followUp.status == 409)
        #expect(followUp.code == "account_unavailable")
        #expect(followUp.response.headers[.shouldRetry] == "false")
        let recalled = await fixture.post("/api/recall", ["conversation_id": id], key: key)
        #expect(recalled.status == 200)
    }

    @Test func `an answer that breaks off is kept in part and marked`() async throws {
        let driver = ScriptedDriver { _ in
            [.success(.text("half")), .failure(UpstreamError(.truncated, .transient, "cut"))]
        }
        let fixture = try GatewayFixture(driver: driver)
        let key = try fixture.addUser("u1")

        let answer = await fixture.post("/api/chat", ["prompt": "x"], key: key)

        #expect(answer.status == 502)
        let id = try #require(answer.json?["conversation_id"]?.string)
        let kept = try fixture.store.conversation(id, of: fixture.store.archive(of: "u1"))
        #expect(kept?.turns.last?.reply == "half")
        #expect(kept?.turns.last?.outcome == .truncated)
    }

    @Test func `a title that does not come is cut from the prompt`() async throws {
        let fixture = try GatewayFixture(driver: ScriptedDriver(title: nil))
        let key = try fixture.addUser("u1")
        let answer = await fixture.post("/api/chat", ["prompt": "Name three rivers.\nPlease"], key: key)
        #expect(answer.json?["conversation_title"]?.string == "Name three rivers.")
    }

    @Test func `a blank prompt is replaced by the operator's, or refused where there is none`() async throws {
        let fixture = try GatewayFixture()
        let key = try fixture.addUser("u1")
        let answer = await fixture.post("/api/chat", ["prompt": "  "], key: key)
        #expect(answer.json?["api_prompt"]?.string == Settings.Server.promptForNothing)

        let strict = try GatewayFixture { $0.server.defaultPrompt = nil }
        let strictKey = try strict.addUser("u1")
        let refused = await strict.post("/api/chat", [:], key: strictKey)
        #expect(refused.status == 422)
        #expect(refused.code == "prompt_required")
    }

    @Test func `a client acts for its own users, and makes those that it names whole`() async throws {
        let fixture = try GatewayFixture()
        let (one, two) = (try fixture.addUser("c1", role: .client), try fixture.addUser("c2", role: .client))
        let unknown = await fixture.post("/api/chat", ["client": JSON(one), "user_id": "d1", "prompt": "x"])
        #expect(unknown.status == 404)

        let made = await fixture.post(
            "/api/chat",
            ["client": JSON(one), "user_id": "d1", "username": "Dora", "user_id_plus": "false", "prompt": "x"])
        #expect(made.json?["api_client_id"]?.string == "c1")
        #expect(made.json?["api_user"]?.string == "Dora")

        let foreign = await fixture.post("/api/recall", ["client": JSON(two), "user_id": "d1"])
        #expect(foreign.status == 404)
        let own = await fixture.post("/api/recall", ["client": JSON(one), "user_id": "d1"])
        #expect(own.json?.object?.members.count == 1)
        let greedy = await fixture.post(
            "/api/chat", ["client": JSON(one), "user_id": "d2", "username": "D", "user_id_plus": true, "prompt": "x"])
        #expect(greedy.code == "plus_not_allowed")
    }

    @Test func `an admin's look into an archive is written to the audit log`() async throws {
        let fixture = try GatewayFixture()
        let key = try fixture.addUser("u1")
        let chat = await fixture.post("/api/chat", ["prompt": "x"], key: key)
        let id = try #require(chat.json?["conversation_id"])

        let seen = await fixture.post(
            "/api/recall", ["admin": JSON(fixture.adminKey), "user_id": "u1", "conversation_id": id])

        #expect(seen.status == 200)
        let log = try #require(try AppendLog.read(fixture.store.layout.audit)).objects
        #expect(log.last?["action"]?.string == "recall")
        #expect(log.last?["user_id"]?.string == "u1")
    }

    @Test func `the operator can forbid keys in queries`() async throws {
        let fixture = try GatewayFixture { $0.server.allowGet = .never }
        let key = try fixture.addUser("u1")
        for method in [HTTPRequest.Method.get, .head, .post] {
            for name in ["user", "client", "admin", "api_key"] {
                let inQuery = await fixture.send(method, "/api/recall", query: "\(name)=\(key)")
                #expect(inQuery.status == 405)
            }
        }
        #expect(await fixture.send(.post, "/recall", query: "api_key=\(key)").status == 405)
        let inHeader = await fixture.send(.get, "/api/recall", key: key)
        #expect(inHeader.status == 200)
    }

    @Test func `a page's form is refused from another site and answered with a page`() async throws {
        let fixture = try GatewayFixture()
        let key = try fixture.addUser("u1")
        let form = "api_key=\(key)&prompt=hello"
        let type = "application/x-www-form-urlencoded"

        let foreign = await fixture.send(.post, "/chat", type: type, body: form, origin: "https://evil.example")
        #expect(foreign.status == 403)
        let own = await fixture.send(.post, "/chat", type: type, body: form, origin: "https://chat.example.org")
        #expect(own.status == 200)
        #expect(own.text.contains("<p>You said: hello</p>"))
        let page = await fixture.send(.get, "/chat")
        #expect(page.response.headers[.accelRedirect] == "/_pages/chat.html")
    }
}
