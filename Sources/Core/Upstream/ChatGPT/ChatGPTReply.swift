import Synchronization

/// The reply to one prompt, which is never sent again.
///
/// The stream is read and continued where the length limit cut it; where it breaks off, the rest is looked for in the
/// stored conversation.
final class ChatGPTReply: UpstreamReply {
    /// What a reply needs to ask for more.
    struct Source: Sendable {
        var endpoint: ChatGPTEndpoint
        var token: AccessToken
        var proxy: Proxy?
        var model: String
        /// How long to wait before the stored conversation is looked at; the backend still writes it.
        var readBackPause: Duration = .seconds(2)
    }

    /// Some prompts are cut for ever; users saw it.
    static let mostContinuations = 4

    /// What is waited for.
    private enum Stage {
        case streaming(HTTPClientResponse)
        /// For the rest of the message with this id.
        case continuing(Pending<HTTPClientResponse>, String)
        case readingBack(Pending<ChatGPTMessage?>)
        case ended
    }

    private let source: Source
    private var stage: Stage {
        didSet { waiting.withLock { $0 = Self.control(of: stage) } }
    }
    /// For those that do not read it.
    private let waiting: Waiting
    private var reader: ChatGPTStreamReader
    private var meter: ReplyMeter
    /// Why the stream was given up, where that says more than that it broke off.
    private var cause: UpstreamError?
    private var text = ReplyText()
    /// What is to be given out next.
    private var pending: UpstreamEvent?
    private var finish: UpstreamFinish
    private var hasBegun = false
    private var failure: UpstreamError?
    private var continuations = 0
    /// The message whose answer is read: the prompt, or the answer that is being continued.
    private var parent: String

    /// The present stage's control.
    private final class Waiting: Sendable {
        private let control: Mutex<ReplyControl>

        init(_ control: ReplyControl) { self.control = Mutex(control) }

        func withLock(_ change: (inout ReplyControl) -> Void) { control.withLock { change(&$0) } }

        func cancel() { control.withLock(\.cancel)() }

        func wake() { control.withLock(\.wake)() }
    }

    init(
        _ response: HTTPClientResponse, to promptID: String, in conversationID: String?, from source: Source,
        meter: ReplyMeter
    ) {
        stage = .streaming(response)
        waiting = Waiting(Self.control(of: .streaming(response)))
        self.meter = meter
        reader = ChatGPTStreamReader(limit: meter.limits.bytes + (1 << 20))
        self.source = source
        finish = UpstreamFinish(conversationID: conversationID)
        parent = promptID
    }

    var control: ReplyControl { ReplyControl(cancel: waiting.cancel, wake: waiting.wake) }

    var collected: CollectedReply { CollectedReply(text: text.emitted, finish: finish) }

    var hasMore: Bool { false }

    private static func control(of stage: Stage) -> ReplyControl {
        switch stage {
        case .streaming(let response): ReplyControl(cancel: response.cancel, wake: response.wake)
        case .continuing(let work, _): ReplyControl(cancel: work.cancel, wake: work.wake)
        case .readingBack(let work): ReplyControl(cancel: work.cancel, wake: work.wake)
        case .ended: ReplyControl()
        }
    }

    /// Waits until the backend has begun to answer, so that a stream that fails at once is known in time.
    func begin() async throws(UpstreamError) {
        while !hasBegun, failure == nil, !hasEnded { _ = await step() }
        if !hasBegun, let failure { throw failure }
    }

    func next() async throws(UpstreamError) -> UpstreamEvent? {
        while true {
            if let event = pending.take() { return event }
            if let failure { throw failure }
            if hasEnded { return nil }
            guard await step() else { return .silence }
        }
    }

    private var hasEnded: Bool {
        if case .ended = stage { true } else { false }
    }

    /// Waits for what the stage brings and does what follows from it; false where the wait was ended.
    private func step() async -> Bool {
        do throws(UpstreamError) {
            switch stage {
            case .streaming(let response): return try await read(response)
            case .continuing(let work, let id):
                guard let outcome = await outcome(of: work) else { return false }
                try proceed(outcome, behind: id)
            case .readingBack(let work):
                guard let outcome = await outcome(of: work) else { return false }
                try takeStored(try? outcome.get())
            case .ended: break
            }
        } catch { failure = error }
        return true
    }

    private func outcome<Value: Sendable>(of work: Pending<Value>) async -> Result<Value, any Error>? {
        do { return try await work.value(within: nil).map { .success($0) } } catch { return .failure(error) }
    }

    private func read(_ response: HTTPClientResponse) async throws(UpstreamError) -> Bool {
        do throws(HTTPClientError) {
            if let piece = try await response.next() {
                if piece.isEmpty { return false }
                reader.feed(piece)
            } else {
                reader.end()
            }
        } catch {
            let error = UpstreamError(error)
            guard error.kind != .cancelled else { throw error }
            if error.kind == .timeout { cause = error }
            reader.end()
        }
        absorb()
        do throws(UpstreamError) { try meter.note(size: text.emitted.utf8.count) } catch {
            response.cancel()
            guard error.kind == .timeout else { throw error }
            cause = error
            reader.end()
        }
        try settle()
        return true
    }

    private func absorb() {
        finish.conversationID = reader.conversationID ?? finish.conversationID
        if let answer = reader.answer {
            finish.model = answer.model ?? finish.model
            // Without the thread's id that of a message is of no use.
            if finish.conversationID != nil { finish.messageID = answer.id }
            pending = text.move(to: answer.text, isFinished: reader.stage != .running)
        }
        hasBegun = hasBegun || pending != nil || finish.conversationID != nil
    }

    private func settle() throws(UpstreamError) {
        switch reader.stage {
        case .running: return
        case .done:
            guard let answer = reader.answer, !text.emitted.isEmpty else {
                if continuations > 0 { return end("length") }
                throw .chatGPTStream(reader)
            }
            if answer.isCut { return proceed(behind: answer) }
            end(answer.isInterrupted ? "interrupted" : "stop")
        case .brokenOff: try readBack()
        case .failed, .otherProtocol: throw .chatGPTStream(reader)
        }
    }

    /// Asks for what the length limit cut off.
    private func proceed(behind answer: ChatGPTMessage) {
        guard continuations < Self.mostContinuations, let conversationID = finish.conversationID else {
            return end("length")
        }
        let body = ChatGPTRequest.continuation(of: answer.id, in: conversationID, model: source.model)
        let (limit, idle) = (meter.remaining, meter.limits.idle)
        let work = Pending { [source] in
            try await source.endpoint.converse(
                body, as: source.token, through: source.proxy, totalTimeout: limit, idleTimeout: idle)
        }
        stage = .continuing(work, answer.id)
    }

    /// A failure of the continuation leaves the reply cut, not lost.
    private func proceed(
        _ outcome: Result<HTTPClientResponse, any Error>, behind id: String
    ) throws(UpstreamError) {
        switch outcome {
        case .failure(let error as UpstreamError) where error.kind == .cancelled: throw error
        case .failure: end("length")
        case .success(let response):
            stage = .streaming(response)
            continuations += 1
            parent = id
            text.keep()
            reader = ChatGPTStreamReader(limit: meter.limits.bytes + (1 << 20))
            meter.begin()
        }
    }

    private var breakOff: UpstreamError {
        var failure = cause ?? UpstreamError.chatGPTStream(reader)
        failure.mayBeAccepted = true
        return failure
    }

    private func readBack() throws(UpstreamError) {
        guard let conversationID = finish.conversationID else { throw breakOff }
        let work = Pending { [source, parent] in
            try await Task.sleep(for: source.readBackPause)
            return try await source.endpoint.storedAnswer(
                to: parent, in: conversationID, as: source.token, through: source.proxy)
        }
        stage = .readingBack(work)
    }

    private func takeStored(_ answer: ChatGPTMessage??) throws(UpstreamError) {
        guard case .some(.some(let answer)) = answer else {
            throw Task.isCancelled ? UpstreamError(.cancelled, .callerFault, "left") : breakOff
        }
        try meter.check(size: answer.text.utf8.count)
        pending = text.move(to: answer.text, isFinished: true)
        finish.model = answer.model ?? finish.model
        finish.messageID = answer.id
        hasBegun = true
        end("stop")
    }

    private func end(_ reason: String) {
        finish.finishReason = reason
        stage = .ended
    }
}

extension ChatGPTEndpoint {
    /// The stored whole answer to the message `id`; nil where there is none.
    func storedAnswer(
        to id: String, in conversation: String, as token: AccessToken, through proxy: Proxy?
    ) async throws(UpstreamError) -> ChatGPTMessage? {
        StoredThread(try await self.conversation(conversation, as: token, through: proxy)).answer(to: id)
    }
}
