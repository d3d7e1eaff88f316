import Synchronization

/// The reply to one prompt: reads the stream, has it continued where the length limit cut it, and looks for the
/// rest in the stored conversation where the stream breaks off. The prompt is never sent again.
///
/// Used by one task at a time.
actor ChatGPTReply {
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

    private let source: Source
    private var response: HTTPClientResponse {
        didSet { connection.withLock { $0 = response } }
    }
    /// The response again, for those that do not wait for their turn.
    private let connection: Mutex<HTTPClientResponse>
    private var reader: ChatGPTStreamReader
    private var meter: ReplyMeter
    /// Why the stream was given up, where that says more than that it broke off.
    private var cause: UpstreamError?
    private var text = ReplyText()
    private var pending: [UpstreamEvent] = []
    private var told: UpstreamFinish?
    private var conversationID: String?
    private var failure: UpstreamError?
    private var isDone = false
    private var continuations = 0
    /// The message whose answer is read: the prompt, or the answer that is being continued.
    private var parent: String

    init(
        _ response: HTTPClientResponse, to promptID: String, in conversationID: String?, from source: Source,
        meter: ReplyMeter
    ) {
        self.response = response
        connection = Mutex(response)
        self.meter = meter
        reader = ChatGPTStreamReader(limit: meter.limits.bytes + (1 << 20))
        self.source = source
        self.conversationID = conversationID
        parent = promptID
    }

    /// Closes the connection of the stream that is read now.
    nonisolated func cancel() { connection.withLock { $0 }.cancel() }

    /// Waits for the first event, so that a stream that fails at once is known in time.
    func begin() async throws(UpstreamError) {
        while pending.isEmpty, !isDone, failure == nil { await step() }
        if pending.isEmpty, let failure { throw failure }
    }

    /// The next event; what came before a failure is given out before it.
    func next() async throws(UpstreamError) -> UpstreamEvent {
        while pending.isEmpty {
            if let failure { throw failure }
            if isDone {
                throw UpstreamError(.badReply, .transient, "asked beyond the end")
            }
            await step()
        }
        return pending.removeFirst()
    }

    /// Takes one piece and what follows from it.
    private func step() async {
        do throws(HTTPClientError) {
            if let piece = try await response.next() { reader.feed(piece) } else { reader.end() }
        } catch {
            guard error.kind != .cancelled else {
                failure = UpstreamError(error)
                return
            }
            let error = UpstreamError(error)
            if error.kind == .timeout { cause = error }
            reader.end()
        }
        absorb()
        do throws(UpstreamError) {
            do throws(UpstreamError) { try meter.note(size: text.emitted.utf8.count) } catch {
                response.cancel()
                guard error.kind == .timeout else { throw error }
                cause = error
                reader.end()
            }
            try await settle()
        } catch { failure = error }
    }

    private func absorb() {
        conversationID = reader.conversationID ?? conversationID
        // The id of a message without text is not yet worth a place in the thread.
        let known = UpstreamFinish(
            model: reader.answer?.model, messageID: reader.answer?.id ?? told?.messageID,
            conversationID: conversationID)
        if known != told, conversationID != nil {
            told = known
            pending.append(.identified(known))
        }
        guard let answer = reader.answer else { return }
        if let event = text.move(to: answer.text, isFinished: reader.stage != .running) { pending.append(event) }
    }

    private func settle() async throws(UpstreamError) {
        switch reader.stage {
        case .running: return
        case .done:
            guard let answer = reader.answer, !text.emitted.isEmpty else {
                if continuations > 0 { return finish("length") }
                throw .chatGPTStream(reader)
            }
            if answer.isCut { return await proceed(behind: answer) }
            finish(answer.isInterrupted ? "interrupted" : "stop")
        case .brokenOff: try await readBack()
        case .failed, .otherProtocol: throw .chatGPTStream(reader)
        }
    }

    /// Asks for what the length limit cut off; a failure of that leaves the reply cut, not lost.
    private func proceed(behind answer: ChatGPTMessage) async {
        guard continuations < Self.mostContinuations, let conversationID else { return finish("length") }
        let body = ChatGPTRequest.continuation(of: answer.id, in: conversationID, model: source.model)
        do throws(UpstreamError) {
            response = try await source.endpoint.converse(
                body, as: source.token, through: source.proxy, totalTimeout: meter.remaining,
                idleTimeout: meter.limits.idle)
        } catch {
            guard error.kind != .cancelled else {
                failure = error
                return
            }
            return finish("length")
        }
        continuations += 1
        parent = answer.id
        text.keep()
        reader = ChatGPTStreamReader(limit: meter.limits.bytes + (1 << 20))
        meter.begin()
    }

    private func readBack() async throws(UpstreamError) {
        var failure = cause ?? UpstreamError.chatGPTStream(reader)
        failure.mayBeAccepted = true
        guard let conversationID else { throw failure }
        let answer: ChatGPTMessage?
        do {
            try await Task.sleep(for: source.readBackPause)
            answer = try await source.endpoint.storedAnswer(
                to: parent, in: conversationID, as: source.token, through: source.proxy)
        } catch {
            throw Task.isCancelled ? UpstreamError(.cancelled, .callerFault, "left") : failure
        }
        guard let answer else { throw failure }
        try meter.check(size: answer.text.utf8.count)
        if let event = text.move(to: answer.text, isFinished: true) { pending.append(event) }
        told = UpstreamFinish(model: answer.model, messageID: answer.id, conversationID: conversationID)
        finish("stop")
    }

    private func finish(_ reason: String) {
        var finish = told ?? UpstreamFinish(conversationID: conversationID)
        finish.finishReason = reason
        pending.append(.finished(finish))
        isDone = true
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
