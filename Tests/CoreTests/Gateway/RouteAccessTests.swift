import HTTPTypes
import Testing

@testable import Core

/// All routes, called by everybody that there is: who may not call is refused, and nothing is done for them.
struct RouteAccessTests {
    enum Visitor: String, CaseIterable, Sendable { case nobody, user, client, admin, disabledUser, removedUser }

    /// A gateway in which each visitor has its key.
    private struct Scene {
        let fixture: GatewayFixture
        let keys: [Visitor: String]

        init() throws {
            fixture = try GatewayFixture()
            var keys: [Visitor: String] = [.admin: fixture.adminKey]
            keys[.user] = try fixture.addUser("u1")
            keys[.client] = try fixture.addUser("c1", role: .client)
            keys[.disabledUser] = try fixture.addUser("u2")
            keys[.removedUser] = try fixture.addUser("u3")
            self.keys = keys
            let store = fixture.store
            let disabled = try #require(try store.user(User.ID(owner: User.selfOwner, userID: "u2")))
            #expect(try store.updateUser(disabled, UserChange(isDisabled: true)).user != nil)
            let removed = try #require(try store.user(User.ID(owner: User.selfOwner, userID: "u3")))
            #expect(try store.removeUser(removed, keepConversations: false, withUsers: false) == .removed)
        }

        /// What a call that is let through would change.
        func traces() throws -> [String] {
            var traces = try fixture.store.users(ownedBy: nil, before: nil, limit: 500).map { "\($0.record)" }
            let audited: (lines: Int, break: AuditChain.Break?) = try fixture.store.verifyAudit()
            traces.append("\(audited.lines) \(fixture.driver.asked.count)")
            traces.append("\(try fixture.store.health(of: Account.ID(rawValue: "a")).isUntouched)")
            return traces
        }

        /// Calls `route` with all parameters that any handler could act on.
        func call(_ route: Route, _ method: HTTPRequest.Method, as visitor: Visitor) async -> GatewayFixture.Answer {
            let path = Route.parts(of: route.path).map { "\($0.prefix)m\($0.suffix)" } ?? route.path
            let names = ["user_id", "username", "prompt", "title", "conversation_id", "markdown", "email", "password"]
            let fields = names.map { ($0, "new-one") } + [("id", "a"), ("action", "disable"), ("disabled", "true")]
            guard method == .post else {
                let query = fields.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
                return await fixture.send(method, path, query: query, key: keys[visitor])
            }
            var body = JSONObject()
            for (name, value) in fields { body[name] = JSON(value) }
            body["messages"] = [["role": "user", "content": "Hi"]]
            return await fixture.post(path, .object(body), key: keys[visitor])
        }
    }

    /// The status that `visitor` gets before any handler is reached; nil where it is let through.
    private static func refusal(_ access: Route.Access, _ visitor: Visitor) -> Int? {
        switch (access, visitor) {
        case (.open, _): nil
        case (_, .nobody), (_, .removedUser): 401
        case (_, .disabledUser): 403
        case (.everyRole, _): nil
        case (.chatters, let visitor): visitor == .admin ? 403 : nil
        case (.owners, let visitor): visitor == .user ? 403 : nil
        case (.admins, let visitor): visitor == .admin ? nil : 403
        }
    }

    @Test func `every route refuses exactly those who may not call it, and does nothing for them`() async throws {
        let scene = try Scene()
        let before = try scene.traces()
        var refused = 0
        for route in scene.fixture.gateway.router.table {
            for (method, visitor) in route.methods.flatMap({ method in Visitor.allCases.map { (method, $0) } }) {
                guard let status = Self.refusal(route.access, visitor) else { continue }
                let answer = await scene.call(route, method, as: visitor)
                #expect(answer.status == status, "\(method) \(route.path) as \(visitor)")
                #expect(scene.keys[visitor].map { !answer.text.contains($0) } ?? true)
                refused += 1
            }
        }
        #expect(refused > 100)
        #expect(try scene.traces() == before)
    }

    @Test(arguments: Visitor.allCases)
    func `whoever may call a route reaches its handler`(visitor: Visitor) async throws {
        let scene = try Scene()
        for route in scene.fixture.gateway.router.table {
            for method in route.methods where Self.refusal(route.access, visitor) == nil {
                let answer = await scene.call(route, method, as: visitor)
                let names = ["invalid_key", "user_disabled"]
                #expect(!names.contains { answer.text.contains($0) }, "\(method) \(route.path): \(answer.text)")
                #expect(!answer.text.contains("This needs an admin"), "\(method) \(route.path): \(answer.text)")
            }
        }
    }

    @Test func `the table opens to everybody what needs nobody, and nothing else`() throws {
        let table = try GatewayFixture().gateway.router.table
        let open = table.filter { if case .open = $0.access { true } else { false } }
        #expect(
            Set(open.map(\.path)) == [
                "/", "/admin", "/admin/add-user", "/access-token", "/chat", "/health", "/healthz", "/recall",
                "/settings",
            ])
        for route in open { #expect(route.methods == [.get], "\(route.path)") }
    }

    @Test func `every route that asks for a key asks for a scope, but for what tells of nobody else`() throws {
        let table = try GatewayFixture().gateway.router.table
        let free = table.filter { if case .open = $0.access { false } else { $0.scope == nil } }
        #expect(Set(free.map(\.path)) == ["/api/whoami", "/api/render", "/api/limits", "/api/usage"])
        #expect(table.filter { $0.kind == .openAI }.allSatisfy { $0.scope == .v1 })
        #expect(table.filter { $0.path.contains("/admin/") && $0.scope != nil }.allSatisfy { $0.scope == .manage })
    }

    @Test func `a handler on an open route has no principal`() {
        let call = Call(request: Request(id: "r", method: .get, path: "/"), kind: .api)
        #expect(throws: GatewayError.invalidKey) { try call.principal }
    }

    @Test func `in the OpenAI API no parameter is taken for a key`() async throws {
        let scene = try Scene()
        let key = try #require(scene.keys[.user])
        for name in ["user", "client", "admin", "api_key"] {
            var body = JSONObject()
            body["messages"] = [["role": "user", "content": "Hi"]]
            body[name] = JSON(key)
            let answer = await scene.fixture.post("/v1/chat/completions", .object(body))
            #expect(answer.status == 401, "\(name)")
        }
        #expect(scene.fixture.driver.asked.isEmpty)
    }
}
