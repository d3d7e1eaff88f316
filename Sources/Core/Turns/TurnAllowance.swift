import Synchronization

/// What one turn may use, from before it is sent until it is known what it took.
final class TurnAllowance: Sendable {
    /// The most tokens that what is sent and each of the choices may be.
    let size: TurnSize
    /// Of the caller's limits.
    let hold: LimitHold
    /// Whether the answer must be given an end.
    let limitsTokens: Bool

    private struct State {
        var wasSent = false
        var tokens = 0
    }

    private let state = Mutex(State())

    init(size: TurnSize, hold: LimitHold, limitsTokens: Bool) {
        self.size = size
        self.hold = hold
        self.limitsTokens = limitsTokens
    }

    deinit {
        // Whatever had to be counted of a turn that began was settled then.
        let state = state.withLock { $0 }
        hold.settle(state.wasSent ? .used(tokens: state.tokens, nano: 0) : .nothing)
    }

    /// Notes an attempt that failed.
    ///
    /// - Returns: What it took of the account.
    func note(_ error: UpstreamError) -> LimitHold.End {
        guard error.wasSent else { return .nothing }
        // Nobody knows what it took where it was not turned away.
        let tokens = error.kind == .cancelled || error.mayBeAccepted ? size.promptEstimate : 0
        state.withLock { state in
            state.wasSent = true
            state.tokens += tokens
        }
        return .used(tokens: tokens, nano: 0)
    }

    /// Settles the turn: what it used, with what attempts took that failed before.
    func settle(tokens: Int, nano: Int = 0) {
        let before = state.withLock { $0.tokens }
        hold.settle(.used(tokens: tokens + before, nano: nano))
    }
}

/// How large a turn can become, in tokens.
struct TurnSize: Sendable, Equatable {
    /// Of the texts that are sent.
    private let bytes: Int
    private let messages: Int
    /// The most that the caller wants of each choice; nil where it names no maximum.
    let wanted: Int?
    let choices: Int

    init(of prompt: UpstreamPrompt) {
        var bytes = 0
        var messages = 0
        let caller = prompt.completion
        for turn in prompt.conversation?.turns ?? [] {
            bytes += turn.prompt.utf8.count + turn.reply.utf8.count
            messages += 2
        }
        if let system = prompt.conversation?.system ?? prompt.system {
            bytes += system.utf8.count
            messages += 1
        }
        bytes += prompt.prompt.utf8.count
        messages += caller == nil ? 1 : 0
        for message in caller?.messages ?? [] {
            bytes += message.textBytes
            messages += 1
        }
        self.bytes = bytes
        self.messages = messages
        let most = LimitClaim.mostTokens
        choices = (caller?["n"]?.value.int).map { min(max(1, $0), CollectedReply.mostChoices) } ?? 1
        wanted = ["max_completion_tokens", "max_tokens"].compactMap { caller?[$0]?.value.int }.min()
            .map { min(max(1, $0), most) }
    }

    /// No tokenizer makes more of them.
    var prompt: Int { bytes / 3 + 16 * messages }
    /// The usual rule of thumb.
    var promptEstimate: Int { (bytes + 3) / 4 }

    func completion(standard: Int) -> Int { (wanted ?? standard) * choices }
}

extension CompletionRequest.Message {
    /// About as many bytes as its words have; pictures count nothing.
    fileprivate var textBytes: Int {
        guard let content = json["content"] else { return json.count }
        let rest = json.count - content.count
        guard !content.isString else { return json.count }
        return rest + (content.elements ?? []).reduce(0) { $0 + ($1["text"]?.count ?? 0) }
    }
}
