import Testing

@testable import Core

struct AccountRestTests {
    private let now = Timestamp(microsecondsSinceEpoch: 1_800_000_000_000_000)
    private let account = GatewayFixture.account("a")

    private func rested(_ duration: Duration, status: Int? = nil) -> AccountHealth {
        var health = AccountHealth()
        let error = UpstreamError(.refused, .rateLimited, "a reason", status: status, retryAfter: duration)
        health.note(error, of: account, at: now)
        return health
    }

    @Test(arguments: [3600, 864_000] as [Int])
    func `a clock that is set back ends a rest, whatever was noted meanwhile`(seconds: Int) {
        var health = rested(.seconds(20))
        let earlier = now + .seconds(-seconds)

        #expect(health.remainingRest(at: now + .seconds(5)) == .seconds(15))
        #expect(health.remainingRest(at: earlier) == nil)
        #expect(!health.isOut(at: earlier, fingerprint: account.fingerprint))
        #expect(AccountPool.firstReturn([account], health: [account.id: health], at: earlier) == nil)

        health.note(UpstreamError(.refused, .rateLimited, "", retryAfter: .seconds(7)), of: account, at: earlier)
        #expect(health.remainingRest(at: earlier) == .seconds(7))
        health = rested(.seconds(20))
        health.noteSuccess(at: earlier)
        #expect(health.isUntouched)
    }

    @Test func `a clock that is set right by a little leaves the rest, and no more than its length`() {
        #expect(rested(.seconds(20)).remainingRest(at: now + .milliseconds(-500)) == .seconds(20))
    }

    @Test func `a rest that the first version noted has the length of its record`() throws {
        let record = try JSONReader.read(
            """
            {"state":"resting","until":"\((now + .seconds(20)).rfc3339)","reason":"status 503","failures":2,\
            "changed_at":"\(now.rfc3339)","fingerprint":"f"}
            """, limits: .trusted)
        let health = try #require(AccountHealth(record: record))

        #expect(health.remainingRest(at: now) == .seconds(20))
        #expect(health.remainingRest(at: now + .seconds(-3600)) == nil)
        #expect(health.suspicion == nil)
    }

    @Test func `a record keeps a suspicion and the cause of a rest, and the first version can read it`() throws {
        var suspect = AccountHealth()
        suspect.suspect("status 500", by: "u-1", at: now)
        suspect.suspect("status 500", by: "u-2", at: now)
        #expect(AccountHealth(record: suspect.record) == suspect)
        #expect(suspect.record["state"]?.string == "ready")

        let limited = rested(.seconds(20), status: 429)
        #expect(limited.isRateLimited)
        #expect(AccountHealth(record: limited.record) == limited)
        #expect(!rested(.seconds(20)).isRateLimited)
    }

    @Test func `a sign-in is not put off by a clock that was set back`() {
        var token = StoredToken(fingerprint: "f", at: now)
        token.noteFailure(at: now)

        #expect(token.pause(at: now) == .seconds(60))
        #expect(token.pause(at: now + .seconds(-864_000)) == nil)
    }

    @Test func `attempts of a clock that was set back do not count`() throws {
        let directory = TemporaryDirectory()
        let store = try directory.store()
        let digest = Hex.sha256("a key")
        let later = JSON(((Timestamp.now) + .seconds(864_000)).rfc3339)
        let record = JSON.object(
            JSONObject(unchecked: [.init(name: digest, value: .array(Array(repeating: later, count: 5)))]))
        try AtomicFile.write(record.bytes, to: store.layout.tries(digest), durable: false)

        for _ in 0..<5 { #expect(try store.consumeAttempt(of: digest, limit: 5, within: .seconds(60)) == nil) }
        let wait = try #require(try store.consumeAttempt(of: digest, limit: 5, within: .seconds(60)))
        #expect(wait > .zero && wait <= .seconds(60))
    }
}
