import Synchronization

/// What one turn may use, from before it is sent until it is known what it took.
final class TurnAllowance: Sendable {
    /// The most tokens that what is sent and each of the choices may be.
    let size: TurnSize
    /// Of the caller's limits.
    let hold: LimitHold
    /// Whether the answer must be given an end.
    let limitsTokens: Bool
    let requestID: String
    /// The ledger's rows of attempts that failed.
    private let failed = Mutex<[UsageRow]>([])

    init(size: TurnSize, hold: LimitHold, limitsTokens: Bool, requestID: String) {
        self.size = size
        self.hold = hold
        self.limitsTokens = limitsTokens
        self.requestID = requestID
    }

    // Whatever had to be counted of a turn that began was settled then.
    deinit { settle([]) }

    /// Notes an attempt that failed.
    func add(_ row: UsageRow) { failed.withLock { $0.append(row) } }

    /// Settles the turn: what its rows say, with those of attempts that failed before.
    func settle(_ rows: [UsageRow]) { hold.settle(LimitHold.End(of: failed.withLock { $0 } + rows)) }
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
