import Testing

@testable import Core

struct AccountsTests {
    private func fixture(_ driver: ScriptedDriver = ScriptedDriver()) throws -> GatewayFixture {
        try GatewayFixture(
            driver: driver, accounts: [GatewayFixture.account("a"), GatewayFixture.account("p", isPlus: true)])
    }

    @Test func `admins see the accounts' health, nobody else does`() async throws {
        let fixture = try fixture()
        let key = try fixture.addUser("u1")
        fixture.driver.fail(
            Account.ID(rawValue: "a"),
            with: UpstreamError(.refused, .rateLimited, "status 429", retryAfter: .seconds(6000)))
        _ = await fixture.post("/api/chat", ["prompt": "x"], key: key)

        let seen = await fixture.send(.get, "/api/admin/accounts", key: fixture.adminKey)
        let refused = await fixture.send(.get, "/api/admin/accounts", key: key)

        let rows = try #require(seen.json?["accounts"]?.array)
        #expect(rows.map { $0["id"]?.string } == ["a", "p"])
        #expect(rows[0]["state"]?.string == "resting")
        #expect(rows[0]["reason"]?.string == "status 429")
        #expect(rows[0]["until"]?.string != nil)
        #expect(rows[0]["in_flight"]?.int == 0)
        #expect(rows[0]["errors"]?.int == 1)
        #expect(rows[0]["requests"]?.int == 0)
        #expect(rows[1]["state"]?.string == "ready")
        #expect(refused.status == 403)
    }

    @Test func `what a person disabled stays out until a person enables it`() async throws {
        let fixture = try fixture()
        let key = try fixture.addUser("u1")
        let disable = await fixture.post(
            "/api/admin/accounts", ["id": "a", "action": "disable"], key: fixture.adminKey)
        #expect(disable.json?["account"]?["state"]?.string == "disabled")
        #expect(await fixture.post("/api/chat", ["prompt": "x"], key: key).status == 503)

        let test = await fixture.post("/api/admin/accounts", ["id": "a", "action": "test"], key: fixture.adminKey)
        #expect(test.json?["account"]?["test"]?["ok"]?.bool == true)
        #expect(await fixture.post("/api/chat", ["prompt": "x"], key: key).status == 503)

        _ = await fixture.post("/api/admin/accounts", ["id": "a", "action": "enable"], key: fixture.adminKey)
        #expect(await fixture.post("/api/chat", ["prompt": "x"], key: key).status == 200)
    }

    @Test func `a test that fails says why, one that goes well ends a rest`() async throws {
        let fixture = try fixture()
        let id = Account.ID(rawValue: "a")
        fixture.driver.fail(id, with: UpstreamError(.unreachable, .transient, "connect failed"))

        let bad = await fixture.post("/api/admin/accounts", ["id": "a", "action": "test"], key: fixture.adminKey)
        #expect(bad.json?["account"]?["test"]?["reason"]?.string == "connect failed")
        #expect(bad.json?["account"]?["state"]?.string == "resting")
        let good = await fixture.post("/api/admin/accounts", ["id": "a", "action": "test"], key: fixture.adminKey)
        #expect(good.json?["account"]?["state"]?.string == "ready")
    }

    @Test func `unknown accounts and actions are refused`() async throws {
        let fixture = try fixture()
        let unknown = await fixture.post("/api/admin/accounts", ["id": "z", "action": "test"], key: fixture.adminKey)
        #expect(unknown.status == 404)
        let wrong = await fixture.post("/api/admin/accounts", ["id": "a", "action": "explode"], key: fixture.adminKey)
        #expect(wrong.status == 422)
    }
}
