/// Whether and when a prompt that failed before its first byte is sent once more to the same account; pure.
///
/// Each kind of failure has a budget of its own. Nothing is sent again once the backend may have taken it.
struct ChatGPTRetry: Sendable {
    enum Step: Sendable, Equatable {
        /// Send the same again after a pause.
        case again(after: Duration)
        /// Get another access token, then send the same again.
        case renewToken
        /// Ask which message is the last, then send below that.
        case reload
        case giveUp
    }

    /// How long a busy account is waited for.
    let timeout: Duration
    /// A new conversation can go to another account, which is quicker than waiting for this one.
    let isFollowUp: Bool

    private var outages = 0
    private var faults = 0
    private var busyPauses = 0
    private var waited = Duration.zero
    private var hasRenewed = false
    private var hasReloaded = false

    init(timeout: Duration, isFollowUp: Bool) {
        self.timeout = timeout
        self.isFollowUp = isFollowUp
    }

    mutating func step(after error: UpstreamError) -> Step {
        guard !error.mayBeAccepted, error.kind != .cancelled else { return .giveUp }
        switch (error.status, error.upstreamCode) {
        case (_, UpstreamError.ChatGPTCode.tokenExpired):
            defer { hasRenewed = true }
            return hasRenewed ? .giveUp : .renewToken
        case (_, UpstreamError.ChatGPTCode.busy):
            guard isFollowUp else { return .giveUp }
            let pause = min(Duration.seconds(5) * (busyPauses + 1), .seconds(20))
            guard waited + pause <= timeout else { return .giveUp }
            waited += pause
            busyPauses += 1
            return .again(after: pause)
        case (_, UpstreamError.ChatGPTCode.reload):
            guard isFollowUp, !hasReloaded else { return .giveUp }
            hasReloaded = true
            return .reload
        case (500, _):
            defer { faults += 1 }
            return faults < 1 ? .again(after: .seconds(1)) : .giveUp
        case (502, _), (503, _), (504, _), (520, _), (521, _), (522, _), (523, _): return afterOutage()
        case (nil, _) where error.kind == .unreachable: return afterOutage()
        default: return .giveUp
        }
    }

    private mutating func afterOutage() -> Step {
        defer { outages += 1 }
        return outages < 2 ? .again(after: outages == 0 ? .seconds(1) : .seconds(3)) : .giveUp
    }
}
