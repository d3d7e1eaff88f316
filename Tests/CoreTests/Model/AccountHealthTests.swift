import Testing

@testable import Core

struct AccountHealthTests {
    private let now = Timestamp(microsecondsSinceEpoch: 1_800_000_000_000_000)

    private func health(
        after failures: FailureClass..., retryAfter: Duration? = nil
    ) -> AccountHealth {
        var health = AccountHealth()
        for failure in failures {
            health.note(failure, reason: "a reason", retryAfter: retryAfter, fingerprint: "f", at: now)
        }
        return health
    }

    @Test(
        arguments: [
            (.transient, [5, 10, 20, 40, 60, 60]), (.rateLimited, [30, 60, 120, 240, 480, 960, 1800, 1800]),
            (.quota, [600, 1200, 2400, 4800, 9600, 19_200, 21_600, 21_600]),
        ] as [(FailureClass, [Int])])
    func `rests grow from failure to failure up to a bound`(failure: FailureClass, seconds: [Int]) {
        var health = AccountHealth()
        for (index, rest) in seconds.enumerated() {
            health.note(failure, reason: "", retryAfter: nil, fingerprint: "f", at: now)
            #expect(health.state == .resting(until: now + .seconds(rest)))
            #expect(health.failures == index + 1)
        }
    }

    @Test(
        arguments: [
            (.seconds(7), 7), (.zero, 1), (.seconds(-5), 1), (.seconds(86_400), 86_400), (.seconds(1_000_000), 86_400),
        ] as [(Duration, Int)])
    func `what the upstream asks for is believed from a second to a day`(asked: Duration, seconds: Int) {
        #expect(health(after: .rateLimited, retryAfter: asked).state == .resting(until: now + .seconds(seconds)))
    }

    @Test(arguments: [FailureClass.callerFault, .modelUnavailable])
    func `what is no fault of the account leaves no trace`(failure: FailureClass) {
        #expect(health(after: failure).isUntouched)
    }

    @Test func `a refused credential disables for these settings only`() {
        let health = health(after: .credential)

        #expect(health.state == .disabled)
        #expect(health.isOut(at: now + .seconds(1_000_000), fingerprint: "f"))
        #expect(!health.isOut(at: now, fingerprint: "other"))
    }

    @Test(arguments: [FailureClass.transient, .rateLimited, .quota])
    func `a turn that fails after the disabling does not bring the account back`(failure: FailureClass) {
        #expect(health(after: .credential, failure).state == .disabled)
    }

    @Test func `a failure under other settings ends the disabling`() {
        var health = health(after: .credential)
        health.note(.transient, reason: "", retryAfter: .seconds(5), fingerprint: "other", at: now)

        #expect(health.state == .resting(until: now + .seconds(5)))
    }

    @Test func `a longer rest is not shortened`() {
        var health = health(after: .rateLimited, retryAfter: .seconds(600))
        health.note(.transient, reason: "", retryAfter: nil, fingerprint: "f", at: now)

        #expect(health.state == .resting(until: now + .seconds(600)))
    }

    @Test func `success clears what is over and nothing else`() {
        var resting = health(after: .transient)
        resting.noteSuccess(at: now)
        #expect(resting.state == .resting(until: now + .seconds(5)))

        resting.noteSuccess(at: now + .seconds(5))
        #expect(resting.isUntouched)

        var disabled = health(after: .credential)
        disabled.noteSuccess(at: now + .seconds(1_000_000))
        #expect(disabled.state == .disabled)
    }

    @Test(arguments: [FailureClass.transient, .rateLimited, .quota, .credential])
    func `a record gives back what it was made of`(failure: FailureClass) {
        let health = health(after: failure)
        #expect(AccountHealth(record: health.record) == health)
    }
}
