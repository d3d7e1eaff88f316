import Testing

@testable import Core

@Suite struct ChatGPTRetryTests {
    private func refusal(_ status: Int, _ body: String = "") -> UpstreamError {
        .chatGPT(status: status, body: Array(body.utf8))
    }

    private func steps(_ error: UpstreamError, isFollowUp: Bool = true, count: Int = 4) -> [ChatGPTRetry.Step] {
        var retry = ChatGPTRetry(timeout: .seconds(30), isFollowUp: isFollowUp)
        return (0..<count).map { _ in retry.step(after: error) }
    }

    @Test(arguments: [502, 503, 504, 520, 523])
    func outagesAreTriedTwiceMore(_ status: Int) {
        #expect(
            steps(refusal(status)) == [.again(after: .seconds(1)), .again(after: .seconds(3)), .giveUp, .giveUp])
    }

    @Test func aFaultIsTriedOnceMore() {
        #expect(steps(refusal(500)).prefix(2) == [.again(after: .seconds(1)), .giveUp])
    }

    @Test(arguments: [403, 404, 413, 422, 429, 524])
    func otherRefusalsAreFinal(_ status: Int) {
        #expect(steps(refusal(status), count: 1) == [.giveUp])
    }

    @Test func anExpiredTokenIsRenewedOnce() {
        let expired = refusal(401, #"{"detail":{"code":"token_expired"}}"#)
        #expect(steps(expired, count: 2) == [.renewToken, .giveUp])
        #expect(steps(refusal(401, #"{"detail":{"code":"invalid_jwt"}}"#), count: 1) == [.giveUp])
    }

    @Test func aBusyAccountIsWaitedForUntilPatienceEndsButOnlyByItsOwnConversations() {
        let busy = refusal(429, #"{"detail":"Only one message at a time. Please wait."}"#)
        #expect(
            steps(busy) == [
                .again(after: .seconds(5)), .again(after: .seconds(10)), .again(after: .seconds(15)), .giveUp,
            ])
        #expect(steps(busy, isFollowUp: false, count: 1) == [.giveUp])
    }

    @Test func aStaleParentIsLookedUpOnce() {
        let reload = refusal(429, #"{"detail":"Something went wrong, please try reloading the conversation."}"#)
        #expect(steps(reload, count: 2) == [.reload, .giveUp])
        #expect(steps(reload, isFollowUp: false, count: 1) == [.giveUp])
    }

    @Test func nothingThatMayHaveBeenTakenIsSentAgain() {
        var error = refusal(502)
        error.mayBeAccepted = true
        #expect(steps(error, count: 1) == [.giveUp])
    }
}
