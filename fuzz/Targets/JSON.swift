@testable import Core

/// The JSON reader: what it accepts is within its limits, and is read the same after it was written.
@Sendable func fuzzJSON(_ input: [UInt8]) {
    let text: JSONText
    do throws(JSONSyntaxError) { text = try JSONReader.text(input) } catch {
        require((0...input.count).contains(error.offset), "an offset beyond the text")
        return
    }
    let value = text.value
    require(assembled(text) == value, "taken apart differently")
    var passed: [UInt8] = []
    text.write(to: &passed)
    require((try? JSONReader.read(passed)) == value, "what is passed on is another value")
    let size = measure(value)
    require(size.depth <= JSONReader.Limits.caller.depth, "deeper than the limit")
    require(size.values <= JSONReader.Limits.caller.values, "more values than the limit")
    let written = value.bytes
    require((try? JSONReader.read(written)) == value, "read differently: \(String(decoding: written, as: UTF8.self))")
    require(!written.contains { $0 < 0x20 }, "a control character was written")
    _ = (value.int, value.double)
    var (digest, again) = (ThreadDigest(), ThreadDigest())
    digest.append([text])
    again.append([JSONText(value)])
    require(digest == again, "another digest for another spelling")
    guard let members = text.members, let request = CompletionRequest(members: members) else { return }
    _ = (request.newText, request.wholeThread, request.system, request.wantsUsage)
    let prompt = UpstreamPrompt(prompt: "", user: "u", completion: request)
    let identity = UpstreamIdentity(pseudonym: "p", fields: ["user"])
    let sent = try? JSONReader.read(CompletionBody.bytes(of: prompt, model: "m", for: identity), limits: .trusted)
    require(sent?["user"] == "p" && sent?["model"] == "m", "no body for the upstream")
    require(sent?["messages"] == value["messages"], "other messages for the upstream")
    let turns = request.givenTurns(at: .now, room: 1 << 20) + [request.turn(startedAt: .now)]
    for turn in turns {
        _ = (turn.recalled, turn.export, turn.markdown)
        require(Turn(line: turn.line)?.line == turn.line, "a turn changed: \(turn.line.text)")
    }
}

/// The value, put together from its parts.
private func assembled(_ text: JSONText) -> JSON {
    if let elements = text.elements { return .array(elements.map(assembled)) }
    guard let members = text.members else { return text.string.map(JSON.string) ?? text.value }
    return .object(JSONObject(unchecked: members.map { .init(name: $0.name, value: assembled($0.value)) }))
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
