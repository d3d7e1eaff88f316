import Synchronization

/// Reads one streamed chat completion.
///
/// Used by one task at a time.
///
/// An upstream that answers a request for a stream with a whole completion is understood, too.
final class OpenAIReplyReader: Sendable {
    fileprivate struct State {
        var events: EventStreamReader
        var meter: ReplyMeter
        var pending: [UpstreamEvent] = []
        var finish = UpstreamFinish()
        var isDone = false
        /// How many bytes of the reply the present piece brought.
        fileprivate var gained = 0
        /// Whether chunks go on as they are, in place of their text alone.
        let isPassedThrough: Bool
        var failure: UpstreamError?

        init(meter: ReplyMeter, isPassedThrough: Bool) {
            // An event holds little more than what it brings of the reply.
            events = EventStreamReader(limit: meter.limits.bytes + (64 << 10))
            self.meter = meter
            self.isPassedThrough = isPassedThrough
        }

        /// Whether anything of the answer has come.
        var hasBegun: Bool { isDone || !pending.isEmpty || finish.model != nil || finish.finishReason != nil }
    }

    private let response: HTTPClientResponse
    private let isStream: Bool
    private let state: Mutex<State>

    init(_ response: HTTPClientResponse, meter: ReplyMeter, isPassedThrough: Bool) {
        self.response = response
        state = Mutex(State(meter: meter, isPassedThrough: isPassedThrough))
        isStream = response.header("Content-Type")?.lowercased().hasPrefix("text/event-stream") ?? false
    }

    /// Waits for the first chunk of the answer, so that a stream that fails at once is known in time.
    func begin() async throws(UpstreamError) {
        do throws(UpstreamError) { try await readBeginning() } catch {
            var error = error
            // One piece that is too large is an odd upstream rather than a long reply; another may do better.
            if error.kind == .tooLong { error.failure = .transient }
            throw error
        }
    }

    private func readBeginning() async throws(UpstreamError) {
        guard isStream else { return try await readWhole() }
        while true {
            let (hasBegun, failure) = state.withLock { ($0.hasBegun, $0.failure) }
            if hasBegun { return }
            if let failure { throw failure }
            await readPiece()
        }
    }

    /// The next event; text that came before a failure is given out before it.
    func next() async throws(UpstreamError) -> UpstreamEvent {
        while true {
            let step = state.withLock { state -> Result<UpstreamEvent, UpstreamError>? in
                if !state.pending.isEmpty { return .success(state.pending.removeFirst()) }
                if let failure = state.failure { return .failure(failure) }
                return state.isDone ? .success(.finished(state.finish)) : nil
            }
            if let step { return try step.get() }
            await readPiece()
        }
    }

    /// Whether an event other than the end can be had without waiting.
    var hasMore: Bool { state.withLock { !$0.pending.isEmpty } }

    @inline(never)
    private func readPiece() async {
        let result: Result<[UInt8]?, HTTPClientError>
        do throws(HTTPClientError) { result = .success(try await response.next()) } catch { result = .failure(error) }
        state.withLock { state in
            do throws(UpstreamError) {
                switch result {
                case .failure(let error): throw UpstreamError(error)
                case .success(nil): try state.end()
                case .success(let piece?): try state.take(piece)
                }
            } catch {
                // An end that says it is whole stays whole, whatever the connection does afterwards.
                if !state.isDone { state.failure = error }
                response.cancel()
            }
        }
    }

    @inline(never)
    private func readWhole() async throws(UpstreamError) {
        let answer = try await OpenAIEndpoint.json(of: response, state.withLock { $0.meter })
        guard let choice = answer["choices"]?[0] else {
            guard let error = answer["error"], !error.isNull else {
                throw UpstreamError(.badReply, .transient, "answer without choices")
            }
            throw .openAIStream(answer, hasBegun: false)
        }
        state.withLock { state in
            state.note(answer)
            if state.isPassedThrough {
                state.pending.append(.completion(answer))
            } else if let text = choice["message"]?["content"]?.string, !text.isEmpty {
                state.pending.append(.text(text))
            }
            if !state.isPassedThrough { state.pending += UpstreamEvent.beside(choice["message"]) }
            state.finish.finishReason = choice["finish_reason"]?.string ?? "stop"
            state.isDone = true
        }
    }
}

extension OpenAIReplyReader.State {
    mutating func take(_ piece: [UInt8]) throws(UpstreamError) {
        let complete: [EventStreamReader.Event]
        do { complete = try events.feed(piece) } catch { throw .replyTooLong }
        gained = 0
        for event in complete { try take(event) }
        try meter.note(piece.count, content: gained)
    }

    mutating func end() throws(UpstreamError) {
        if let event = events.finish() { try take(event) }
        // Some servers close without `[DONE]`; a finish reason says that the text is whole.
        guard isDone || finish.finishReason != nil else {
            throw UpstreamError(.truncated, .transient, "stream ended without a finish reason")
        }
        isDone = true
    }

    private mutating func take(_ event: EventStreamReader.Event) throws(UpstreamError) {
        guard !isDone else { return }
        if event.data.elementsEqual("[DONE]".utf8) {
            guard finish.finishReason != nil else {
                throw UpstreamError(.truncated, .transient, "stream ended without a finish reason")
            }
            isDone = true
            return
        }
        guard let chunk = try? JSONReader.read(event.data, limits: .trusted), chunk.object != nil else {
            throw UpstreamError(.badReply, .transient, "chunk is not JSON")
        }
        if let error = chunk["error"], !error.isNull { throw .openAIStream(chunk, hasBegun: hasBegun) }
        note(chunk)
        gained += Self.content(of: chunk)
        if isPassedThrough { pending.append(.chunk(chunk)) }
        guard let choice = chunk["choices"]?[0] else { return }
        if !isPassedThrough, let text = choice["delta"]?["content"]?.string, !text.isEmpty {
            pending.append(.text(text))
        }
        if !isPassedThrough { pending += UpstreamEvent.beside(choice["delta"]) }
        if let reason = choice["finish_reason"]?.string { finish.finishReason = reason }
    }

    /// How many bytes of the reply a chunk brings: the texts of all choices, calls of tools and reasoning among them.
    private static func content(of chunk: JSON) -> Int {
        var size = 0
        for choice in chunk["choices"]?.array ?? [] {
            for member in choice["delta"]?.object?.members ?? [] where member.name != "role" {
                size += member.value.textSize
            }
            size += choice["finish_reason"]?.textSize ?? 0
        }
        return size
    }

    mutating func note(_ chunk: JSON) {
        if let model = chunk["model"]?.string { finish.model = model }
        if let usage = TokenUsage(json: chunk["usage"]) { finish.usage = usage }
    }
}
