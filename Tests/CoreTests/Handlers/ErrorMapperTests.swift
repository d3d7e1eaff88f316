import Logging
import Testing

@testable import Core

struct ErrorMapperTests {
    @Test func `too much work that waits is told as a limit, with a time to come back`() {
        let errors = ErrorMapper(log: Logger(label: "test"), onStorageFault: {})
        let told = errors.callerError(for: WorkLane.TooMany(), requestID: "r")
        #expect(told.status.code == 429)
        #expect(told.retryAfter != nil)
    }
}
