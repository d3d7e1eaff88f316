import Testing

@testable import FCGIApp

struct RestartBackoffTests {
    @Test func startsAtOnceAndThenWaitsLongerUpToFiveSeconds() {
        var backoff = RestartBackoff()

        let delays = (0..<8).map { _ in backoff.delay(afterLiving: .seconds(1)) }

        #expect(
            delays == [
                .zero, .milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(5),
                .seconds(5),
            ])
    }

    @Test func beginsAgainAfterAHealthyLife() {
        var backoff = RestartBackoff()
        for _ in 0..<5 { _ = backoff.delay(afterLiving: .zero) }

        #expect(backoff.delay(afterLiving: .seconds(10)) == .zero)
        #expect(backoff.delay(afterLiving: .zero) == .milliseconds(250))
    }
}
