import Testing

@testable import Core

struct WebUIHandlersTests {
    @Test func `rendered Markdown has its structure and nothing that runs or loads`() async throws {
        let fixture = try GatewayFixture()
        let key = try fixture.addUser("u1")
        let markdown = """
            # Title

            <script>alert(1)</script>

            **bold** [x](javascript:alert(1)) ![i](http://evil.example/i.png)
            <img src=x onerror=alert(1)> <style>body{}</style>

            | a | b |
            |---|---|
            | 1 | 2 |
            """

        let answer = await fixture.post("/api/render", ["markdown": JSON(markdown)], key: key)

        let html = try #require(answer.json?["html"]?.string)
        #expect(answer.status == 200)
        #expect(html.contains("<h1>Title</h1>"))
        #expect(html.contains("<strong>bold</strong>"))
        #expect(html.contains("<td>1</td>"))
        for forbidden in ["<script", "<img", "<style", "onerror=alert", "javascript:"] {
            #expect(!html.contains(forbidden), "\(forbidden)")
        }
    }

    @Test func `rendering needs a key, a text and a bound`() async throws {
        let fixture = try GatewayFixture()
        let key = try fixture.addUser("u1")

        #expect(await fixture.post("/api/render", ["markdown": "x"]).code == "invalid_key")
        #expect(await fixture.post("/api/render", [:], key: key).code == "invalid_parameter")
        #expect(await fixture.post("/api/render", ["markdown": ""], key: key).json?["html"]?.string == "")
        let long = String(repeating: "x", count: (64 << 10) + 1)
        let answer = await fixture.post("/api/render", ["markdown": JSON(long)], key: key)
        #expect(answer.code == "body_too_large")
        #expect(answer.status == 413)
        #expect(await fixture.send(.get, "/api/render", query: "markdown=x", key: key).status == 405)
    }

    @Test func `a key learns what it may use`() async throws {
        let accounts = [
            GatewayFixture.account("a", models: ["m1", "m2"]),
            GatewayFixture.account("p", isPlus: true, models: ["m2", "big"]),
        ]
        let fixture = try GatewayFixture(accounts: accounts) { $0.server.webUILanguage = "de" }

        let user = await fixture.send(.get, "/api/whoami", key: try fixture.addUser("u1"))
        #expect(user.json?["user_id"]?.string == "u1")
        #expect(user.json?["username"]?.string == "Name of u1")
        #expect(user.json?["role"]?.string == "user")
        #expect(user.json?["owner"]?.string == "self")
        #expect(user.json?["language"]?.string == "de")
        #expect(user.json?["models"] == ["m1", "m2"])
        #expect(user.json?["pools"] == ["free"])
        #expect(user.json?["endpoints"]?["chat"]?.string == "/api/chat")

        let plus = await fixture.send(.get, "/api/whoami", key: try fixture.addUser("u2", hasPlus: true))
        #expect(plus.json?["models"] == ["m1", "m2", "big"])
        #expect(plus.json?["pools"] == ["free", "plus", "any"])

        let admin = await fixture.send(.get, "/api/whoami", key: fixture.adminKey)
        #expect(admin.json?["role"]?.string == "admin")
        #expect(await fixture.send(.get, "/api/whoami").status == 401)
    }

    @Test func `a conversation gets another title in its list, in itself and after the next turn`() async throws {
        let fixture = try GatewayFixture()
        let key = try fixture.addUser("u1")
        let chat = await fixture.post("/api/chat", ["prompt": "x"], key: key)
        let id = try #require(chat.json?["conversation_id"]?.string)

        let renamed = await fixture.post(
            "/api/rename-conversation", ["conversation_id": JSON(id), "title": "  My\u{7} title "], key: key)
        #expect(renamed.status == 200)
        #expect(renamed.json?["title"]?.string == "My title")

        for _ in 0..<2 {
            let list = await fixture.post("/api/recall", [:], key: key)
            #expect(list.json?[id]?["title"]?.string == "My title")
            let whole = await fixture.post("/api/recall", ["conversation_id": JSON(id)], key: key)
            #expect(whole.json?["conversation_title"]?.string == "My title")
            let next = await fixture.post("/api/chat", ["prompt": "y", "conversation_id": JSON(id)], key: key)
            #expect(next.json?["conversation_title"]?.string == "My title")
        }
    }

    @Test func `nobody renames what is another's, not there, busy, or to nothing`() async throws {
        let fixture = try GatewayFixture()
        let (mine, other) = (try fixture.addUser("u1"), try fixture.addUser("u2"))
        let chat = await fixture.post("/api/chat", ["prompt": "x"], key: mine)
        let id = try #require(chat.json?["conversation_id"]?.string)
        let path = "/api/rename-conversation"

        let real = await fixture.post(path, ["conversation_id": JSON(id), "title": "t"], key: other)
        let none = await fixture.post(path, ["conversation_id": "nothing", "title": "t"], key: other)
        #expect(real.status == 404)
        #expect(real.text == none.text)
        #expect(await fixture.post(path, ["conversation_id": JSON(id)], key: mine).status == 422)
        #expect(await fixture.post(path, ["conversation_id": JSON(id), "title": " \"\" "], key: mine).status == 422)

        let lease = try await fixture.store.lease(.turn(id), timeout: .zero)
        let busy = await fixture.post(path, ["conversation_id": JSON(id), "title": "t"], key: mine)
        withExtendedLifetime(lease) {}
        #expect(busy.code == "conversation_busy")

        let list = await fixture.post("/api/recall", [:], key: mine)
        #expect(list.json?[id]?["title"]?.string == "A given title")
    }
}
