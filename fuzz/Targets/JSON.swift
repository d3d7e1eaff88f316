@testable import Core

/// The JSON reader: what it accepts is within its limits, and is read the same after it was written.
@Sendable func fuzzJSON(_ input: [UInt8]) {
    let value: JSON
    do throws(JSONSyntaxError) { value = try JSONReader.read(input) } catch {
        require((0...input.count).contains(error.offset), "an offset beyond the text")
        return
    }
    let size = measure(value)
    require(size.depth <= JSONReader.Limits.caller.depth, "deeper than the limit")
    require(size.values <= JSONReader.Limits.caller.values, "more values than the limit")
    let written = value.bytes
    require((try? JSONReader.read(written)) == value, "read differently: \(String(decoding: written, as: UTF8.self))")
    require(!written.contains { $0 < 0x20 }, "a control character was written")
    _ = (value.int, value.double)
    var digest = ThreadDigest()
    digest.append(value)
    require(digest.text.utf8.count == 64, "no digest")
    guard let body = value.object else { return }
    let request = CompletionRequest(body: body, isStream: false, wantsUsage: false)
    let turns = request.givenTurns(at: .now, room: 1 << 20) + [request.turn(startedAt: .now)]
    for turn in turns {
        _ = (turn.recalled, turn.export, turn.markdown)
        require(Turn(line: turn.line)?.line == turn.line, "a turn changed: \(turn.line.text)")
    }
}

private func measure(_ value: JSON) -> (depth: Int, values: Int) {
    let inner: [JSON]
    switch value {
    case .array(let elements): inner = elements
    case .object(let object):
        inner = object.members.map(\.value)
        require(Set(object.names).count == object.names.count, "a name twice")
    default: return (0, 1)
    }
    let sizes = inner.map(measure)
    return ((sizes.map(\.depth).max() ?? 0) + 1, sizes.reduce(1) { $0 + $1.values })
}
