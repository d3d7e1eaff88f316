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
