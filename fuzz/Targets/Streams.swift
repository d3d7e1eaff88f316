@testable import Core

/// Server-sent events: the same events come out however the stream is cut.
///
/// The first byte says how.
@Sendable func fuzzEvents(_ input: [UInt8]) {
    guard let step = input.first else { return }
    let stream = Array(input.dropFirst())

    let whole = events(of: [stream])
    let cut = events(of: pieces(of: stream, by: Int(step % 16) + 1))

    require(whole == cut, "the cut shows")
}

private func events(of pieces: [[UInt8]]) -> [EventStreamReader.Event] {
    var reader = EventStreamReader()
    var events: [EventStreamReader.Event] = []
    for piece in pieces { events += (try? reader.feed(piece)) ?? [] }
    if let last = reader.finish() { events.append(last) }
    return events
}

/// The ChatGPT backend's streams: the same comes out however the stream is cut.
@Sendable func fuzzChatGPT(_ input: [UInt8]) {
    guard let step = input.first else { return }
    let stream = Array(input.dropFirst())

    let whole = read([stream])
    let cut = read(pieces(of: stream, by: Int(step % 16) + 1))

    require(whole.stage != .running && whole.stage == cut.stage, "the cut shows in the stage")
    require(whole.answer == cut.answer && whole.conversationID == cut.conversationID, "the cut shows in the answer")
    require(whole.passedOver == cut.passedOver, "the cut shows in the count")
    if whole.stage == .done, let answer = whole.answer { require(answer.isAnswer, "no answer for the user") }
    var text = ReplyText()
    if let answer = whole.answer { _ = text.move(to: answer.text, isFinished: answer.isFinished) }
}

private func read(_ pieces: [[UInt8]]) -> ChatGPTStreamReader {
    var reader = ChatGPTStreamReader()
    for piece in pieces { reader.feed(piece) }
    reader.end()
    return reader
}

private func pieces(of stream: [UInt8], by size: Int) -> [[UInt8]] {
    stride(from: 0, to: stream.count, by: size).map { Array(stream[$0..<min($0 + size, stream.count)]) }
}

/// Plain deltas: what is only walked over is what the reader makes of it.
@Sendable func fuzzDelta(_ input: [UInt8]) {
    guard let delta = PlainDelta(input) else { return }
    guard let chunk = try? JSONReader.read(input, limits: .trusted), var object = chunk.object else {
        fatalError("what the reader refuses was walked over")
    }
    var (scanned, ordinary) = (CollectedReply(), CollectedReply())
    scanned.add(delta, of: input)
    require(ordinary.add(chunk: chunk) == delta.size, "the size differs")
    require(line(of: scanned) == line(of: ordinary), "the reply differs")
    require(object["conversation_id"] == nil && !input.contains { $0 == 0x0A || $0 == 0x0D }, "it cannot be passed on")
    require((delta.emptyUsage != nil) == (object["usage"] != nil), "the usage was missed")
    guard let usage = delta.emptyUsage else { return }
    var rest = input
    rest.removeSubrange(usage)
    object["usage"] = nil
    require((try? JSONReader.read(rest, limits: .trusted)) == .object(object), "more than the usage was cut out")
}

private func line(of reply: CollectedReply) -> JSON {
    var turn = Turn(id: "t", prompt: "p", reply: "", startedAt: Timestamp(microsecondsSinceEpoch: 0))
    reply.put(into: &turn)
    return turn.line
}
