/// Reads one chat completion, streamed or whole.
///
/// An upstream that answers a request for a stream with a whole completion is understood, too.
final class OpenAIReply: UpstreamReply {
    /// What the caller gets of it.
    enum Form {
        /// The text alone.
        case text
        /// The upstream's own chunks.
        case chunks(showsUsage: Bool)
        /// The upstream's own whole completion.
        case completion
    }

    private let response: HTTPClientResponse
    private let form: Form
    private var events: EventStreamReader
    private var meter: ReplyMeter
    private(set) var collected = CollectedReply()
    private var pending: [UpstreamEvent] = []
    /// How many of `pending` are given out.
    private var given = 0
    /// How many bytes of the reply the present piece brought.
    private var gained = 0
    private var hasBegun = false
    /// The last of the finish reasons that came; it counts once the end has come.
    private var finishReason: String?
    private var isDone = false
    private var failure: UpstreamError?
    private var pump: Pump?

    init(_ response: HTTPClientResponse, meter: ReplyMeter, form: Form) {
        self.response = response
        self.form = form
        self.meter = meter
        // An event holds little more than what it brings of the reply.
        events = EventStreamReader(limit: meter.limits.bytes + (64 << 10))
    }

    var control: ReplyControl { ReplyControl(cancel: response.cancel, wake: response.wake) }

    var hasMore: Bool { given < pending.count }

    /// Waits for the first chunk of the answer, so that a stream that fails at once is known in time.
    func begin() async throws(UpstreamError) {
        do throws(UpstreamError) {
            let type = response.header("Content-Type")?.lowercased() ?? ""
            guard type.hasPrefix("text/event-stream") else { return try await readWhole() }
            while !hasBegun {
                if let failure { throw failure }
                _ = await readPiece()
            }
        } catch {
            var error = error
            // One piece that is too large is an odd upstream rather than a long reply; another may do better.
            if error.kind == .tooLong { error.failure = .transient }
            throw error
        }
    }

    var lastPass: ContinuousClock.Instant? { pump?.lastPass }

    func passOn(after opening: [UInt8], with send: @escaping ([UInt8]) -> Bool) {
        guard case .chunks(let showsUsage) = form else { return }
        pump = Pump(opening: opening, showsUsage: showsUsage, send: send)
    }

    func next() async throws(UpstreamError) -> UpstreamEvent? {
        pump?.begin()
        while true {
            if hasMore {
                defer { given += 1 }
                return pending[given]
            }
            if let failure { throw failure }
            if isDone { return nil }
            pending.removeAll(keepingCapacity: true)
            given = 0
            guard await readPiece() else { return .silence }
        }
    }

    /// False where nothing came and the waiting was ended.
    private func readPiece() async -> Bool {
        do throws(UpstreamError) {
            let piece: [UInt8]?
            do throws(HTTPClientError) { piece = try await response.next(tap) } catch { throw UpstreamError(error) }
            guard let piece else {
                try end()
                return true
            }
            try take(piece)
            return !piece.isEmpty
        } catch {
            // An end that says it is whole stays whole, whatever the connection does afterwards.
            if !isDone { failure = error }
            response.cancel()
            return true
        }
    }

    /// What has the pump take pieces while the task waits for one; nil where it must see the next.
    private var tap: BodyTap? {
        guard pump != nil, events.isBetweenEvents, !isDone else { return nil }
        return BodyTap { [self] piece in pump?.pass(piece, &collected, &meter) ?? false }
    }

    private func take(_ piece: [UInt8]) throws(UpstreamError) {
        let complete: [EventStreamReader.Event]
        do { complete = try events.feed(piece) } catch { throw .replyTooLong }
        gained = 0
        for event in complete { try take(data: event.data) }
        if !piece.isEmpty { try meter.note(piece.count, content: gained) }
    }

    private func end() throws(UpstreamError) {
        if let event = events.finish() { try take(data: event.data) }
        // Some servers close without `[DONE]`; a finish reason says that the text is whole.
        if !isDone { try finish() }
    }

    private func finish() throws(UpstreamError) {
        guard let finishReason else {
            throw UpstreamError(.truncated, .transient, "stream ended without a finish reason")
        }
        collected.finish.finishReason = finishReason
        isDone = true
        hasBegun = true
    }

    private func take(data: [UInt8]) throws(UpstreamError) {
        guard !isDone else { return }
        if let delta = PlainDelta(data) { return take(delta, of: data) }
        if data.elementsEqual("[DONE]".utf8) { return try finish() }
        guard let chunk = try? JSONReader.read(data, limits: .trusted), let object = chunk.object else {
            throw UpstreamError(.badReply, .transient, "chunk is not JSON")
        }
        if let error = chunk["error"], !error.isNull { throw .openAIStream(chunk, hasBegun: hasBegun) }
        gained += collected.add(chunk: chunk)
        let choice = chunk["choices"]?[0]
        if let reason = choice?["finish_reason"]?.string { finishReason = reason }
        switch form {
        case .text:
            if let text = choice?["delta"]?["content"]?.string, !text.isEmpty {
                pending.append(.text(EscapedText(text)))
            }
        case .chunks(let showsUsage):
            if let shown = Self.shown(object, showsUsage) { pending.append(.passed(shown.bytes[...])) }
        case .completion: hasBegun = true
        }
        hasBegun = hasBegun || !pending.isEmpty || collected.finish.model != nil || finishReason != nil
    }

    private func take(_ delta: PlainDelta, of chunk: [UInt8]) {
        collected.add(delta, of: chunk)
        gained += delta.size
        switch form {
        case .text:
            if let content = delta.content, !content.isEmpty {
                pending.append(.text(EscapedText(scanned: chunk[content])))
            }
        case .chunks(let showsUsage):
            var shown = chunk
            if !showsUsage, let usage = delta.emptyUsage { shown.removeSubrange(usage) }
            pending.append(.passed(shown[...]))
        case .completion: hasBegun = true
        }
        hasBegun = hasBegun || !pending.isEmpty || collected.finish.model != nil
    }

    /// A chunk as the caller gets it; nil where it is about the usage alone, for which the caller did not ask.
    private static func shown(_ chunk: JSONObject, _ showsUsage: Bool) -> JSON? {
        var chunk = chunk
        if !showsUsage {
            if chunk["usage"]?.isNull == false, chunk["choices"]?.array?.isEmpty ?? true { return nil }
            chunk["usage"] = nil
        }
        chunk["conversation_id"] = nil
        return .object(chunk)
    }

    private func readWhole() async throws(UpstreamError) {
        let (bytes, answer) = try await OpenAIEndpoint.json(of: response, meter)
        guard let choice = answer["choices"]?[0], var object = answer.object else {
            guard let error = answer["error"], !error.isNull else {
                throw UpstreamError(.badReply, .transient, "answer without choices")
            }
            throw .openAIStream(answer, hasBegun: false)
        }
        collected.add(completion: answer)
        collected.finish.finishReason = choice["finish_reason"]?.string ?? "stop"
        if case .completion = form {
            let isOurs = object["conversation_id"] != nil
            object["conversation_id"] = nil
            let start = bytes.firstIndex(of: UInt8(ascii: "{")) ?? bytes.endIndex
            pending.append(.passed(isOurs ? JSON.object(object).bytes[...] : bytes[start...]))
        } else if !collected.text.isEmpty {
            pending.append(.text(collected.text))
        }
        isDone = true
    }
}
