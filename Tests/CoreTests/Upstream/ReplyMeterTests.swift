import Testing

@testable import Core

struct ReplyMeterTests {
    private let limits = ReplyLimits(bytes: 100, idle: .seconds(10), total: .seconds(60))
    private let start = ContinuousClock.now

    private func failure(_ body: (inout ReplyMeter) throws(UpstreamError) -> Void) -> UpstreamError? {
        var meter = ReplyMeter(limits, at: start)
        do throws(UpstreamError) {
            try body(&meter)
            return nil
        } catch { return error }
    }

    @Test func `a reply within its limits passes`() {
        #expect(
            failure { meter throws(UpstreamError) in
                for second in 1..<60 { try meter.note(20, content: 1, at: start + .seconds(second)) }
            } == nil)
    }

    @Test func `bytes of content and bytes on the wire are limited`() {
        let content = failure { meter throws(UpstreamError) in try meter.note(101, content: 101, at: start) }
        let wire = failure { meter throws(UpstreamError) in try meter.note(100 * 64 + 64, content: 1, at: start) }

        #expect(content == .replyTooLong && wire == .replyTooLong)
        #expect(content?.failure == .callerFault)
    }

    @Test func `what brings nothing is no progress`() {
        let failure = failure { meter throws(UpstreamError) in
            for second in 1...20 { try meter.note(20, content: 0, at: start + .seconds(second)) }
        }

        #expect(failure?.kind == .timeout)
    }

    @Test func `the time for the head is not idle, but counts in all`() {
        let idle = failure { meter throws(UpstreamError) in
            meter.begin(at: start + .seconds(30))
            try meter.note(20, content: 0, at: start + .seconds(39))
        }
        let total = failure { meter throws(UpstreamError) in try meter.note(20, content: 1, at: start + .seconds(60)) }

        #expect(idle == nil && total?.kind == .timeout)
    }

    @Test func `a text that is sent anew each time is as long as it is now`() {
        #expect(
            failure { meter throws(UpstreamError) in
                for second in 1...50 { try meter.note(size: 2 * second, at: start + .seconds(second)) }
            } == nil)
        #expect(
            failure { meter throws(UpstreamError) in
                for second in 1...20 { try meter.note(size: 5, at: start + .seconds(second)) }
            }?.kind == .timeout)
    }
}
