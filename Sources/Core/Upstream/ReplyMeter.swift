/// Measures one reply against its limits, whatever protocol it comes in.
///
/// Silence is the HTTP client's to end. What this ends is a connection that is busy without saying anything, and a
/// reply that says too much.
struct ReplyMeter: Sendable {
    let limits: ReplyLimits
    /// When the reply must have ended.
    private let end: ContinuousClock.Instant
    private var progressAt: ContinuousClock.Instant
    private var taken = 0
    private var received = 0

    /// The most bytes on the wire for each byte of a reply: a token of four letters comes in a chunk of some hundred.
    private static let mostAround = 64

    /// Begins with the prompt.
    init(_ limits: ReplyLimits, at now: ContinuousClock.Instant = .now) {
        self.limits = limits
        end = now + limits.total
        progressAt = now
    }

    /// How long the reply may still take.
    var remaining: Duration { max(.milliseconds(1), ContinuousClock.now.duration(to: end)) }

    /// Notes that the head of the answer is here: the time until then does not count as idle.
    mutating func begin(at now: ContinuousClock.Instant = .now) { progressAt = now }

    /// Notes `bytes` from the wire that brought `content` more bytes of the reply.
    ///
    /// - Throws: Beyond a limit; the connection is then to be closed.
    mutating func note(
        _ bytes: Int, content: Int, at now: ContinuousClock.Instant = .now
    ) throws(UpstreamError) {
        received += bytes
        taken += content
        if content > 0 { progressAt = now }
        guard received / Self.mostAround <= limits.bytes else { throw .replyTooLong }
        try check(at: now)
    }

    /// Notes that the reply is now `size` bytes long, for a protocol that sends it anew each time.
    mutating func note(size: Int, at now: ContinuousClock.Instant = .now) throws(UpstreamError) {
        if size != taken { progressAt = now }
        taken = size
        try check(at: now)
    }

    /// Checks a whole reply that was read from elsewhere, whatever time it took.
    func check(size: Int) throws(UpstreamError) {
        guard size <= limits.bytes else { throw .replyTooLong }
    }

    private func check(at now: ContinuousClock.Instant) throws(UpstreamError) {
        guard taken <= limits.bytes else { throw .replyTooLong }
        guard now < end else { throw UpstreamError(.timeout, .transient, "reply took too long") }
        guard progressAt.duration(to: now) <= limits.idle else {
            throw UpstreamError(.timeout, .transient, "no progress")
        }
    }
}

extension UpstreamError {
    /// The prompt is at fault, not the account: another would be asked for the same.
    static let replyTooLong = UpstreamError(.tooLong, .callerFault, "reply too long")
}

extension JSON {
    /// How many bytes of text are in it, in strings at any depth but the names of members.
    var textSize: Int {
        switch self {
        case .string(let text): text.utf8.count
        case .array(let elements): elements.reduce(0) { $0 + $1.textSize }
        case .object(let object): object.members.reduce(0) { $0 + $1.value.textSize }
        case .null, .bool, .number: 0
        }
    }
}
