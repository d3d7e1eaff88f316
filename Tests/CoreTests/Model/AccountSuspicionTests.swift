import Testing

@testable import Core

struct AccountSuspicionTests {
    private let now = Timestamp(microsecondsSinceEpoch: 1_800_000_000_000_000)
    private let account = GatewayFixture.account("a")

    private func suspect(_ callers: String..., at moment: Timestamp? = nil) -> AccountHealth {
        var health = AccountHealth()
        for caller in callers { health.suspect("status 500", by: caller, at: moment ?? now) }
        return health
    }

    @Test func `a suspect account is not out, but comes after all others for a while`() {
        let others = [account, GatewayFixture.account("b")]
        let health = [suspect("u"), AccountHealth()]
        func first(at moment: Timestamp) -> AccountChoice.Pick {
            AccountChoice(.round("r"), among: others).pick(
                from: 0, at: moment, health: { health[$0] }, take: { _ in true })
        }

        #expect(first(at: now) == .taken(1))
        #expect(first(at: now + .seconds(5)) == .taken(0))
        #expect(first(at: now + .seconds(-864_000)) == .taken(0))
    }

    @Test func `one caller is one, however often it fails`() {
        #expect(suspect("u", "u", "u").suspicion?.isShared == false)
        #expect(suspect("u", "v").suspicion?.isShared == true)
    }

    @Test func `what failed long ago, or later by a clock that was set back, is no evidence`() {
        for moment in [now + .seconds(700), now + .seconds(-700)] {
            var health = suspect("u")
            health.suspect("status 500", by: "v", at: moment)
            #expect(health.suspicion?.isShared == false)
            #expect(health.suspicion?.failures == 1)
        }
    }

    @Test func `the record stays small and readable however many fail`() {
        var health = AccountHealth()
        for number in 0..<2000 { health.suspect("status 500", by: "u-\(number)", at: now) }

        #expect(health.record.bytes.count < 1000)
        #expect(health.suspicion?.isAvoided(at: now) == true)
        #expect(health.suspicion?.isAvoided(at: now + .seconds(61)) == false)
        #expect(AccountHealth(record: health.record) == health)
    }

    @Test func `a turn that goes well ends a suspicion, and so does a rest`() {
        var well = suspect("u")
        well.noteSuccess(at: now + .seconds(1))
        #expect(well.isUntouched)
        #expect(well.wasAcquitted(at: now + .seconds(2)))
        #expect(!well.wasAcquitted(at: now + .seconds(10)))
        #expect(!well.wasAcquitted(at: now + .seconds(-10)))

        var resting = suspect("u")
        resting.note(UpstreamError(.refused, .transient, "status 500"), of: account, at: now)
        #expect(resting.suspicion == nil)
        #expect(resting.state == .resting(until: now + .seconds(5)))
    }
}
