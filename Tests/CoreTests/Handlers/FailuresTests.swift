import Logging
import Testing

@testable import Core

struct FailuresTests {
    @Test func `too much work that waits is told as a limit, with a time to come back`() {
        let failures = Failures(log: Logger(label: "test"), onStorageFault: {})
        let told = failures.told(WorkLane.TooMany(), requestID: "r")
        #expect(told.status.code == 429)
        #expect(told.retryAfter != nil)
    }
}
