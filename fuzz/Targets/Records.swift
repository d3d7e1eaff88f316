@testable import Core

/// Stored records, a JSON object a line: what is believed is the same after it was stored again, and can be worked with.
@Sendable func fuzzRecords(_ input: [UInt8]) {
    let lines = input.split(separator: 0x0A, maxSplits: 100)
    for line in lines { _ = ChecksummedLine.decode(line) }
    _ = AuditChain.verify(input)

    let objects = lines.compactMap { try? JSONReader.read(Array($0), limits: .trusted) }.filter { $0.object != nil }
    for object in objects {
        let stored = ChecksummedLine.encode(object)
        require(object == JSON.object(JSONObject()) || ChecksummedLine.decode(stored.dropLast()) == object, "corrupt")
        check(object)
    }
    let turns = objects.compactMap(Turn.init(line:))
    for turn in turns { require(Turn(line: turn.line) == turn, "a turn changed: \(turn.line.text)") }
    for object in objects { checkLine(of: object, turns) }
}

/// A line of an archive's log, which an object may be: what is read from its beginning is what the whole line says.
private func checkLine(of object: JSON, _ turns: [Turn]) {
    let stored = ChecksummedLine.encode(object)
    let place = LinePlace(log: 1, offset: 1 << 20, size: stored.count)
    guard let line = ArchiveLine(whole: stored.dropLast(), at: place) else { return }
    let again = line.encode(turn: object["turn"])
    guard let copy = ArchiveLine(whole: again.dropLast(), at: place) else { return require(false, "a line is lost") }
    require(copy.summary == line.summary && copy.known == line.known, "a line changed: \(object.text)")
    _ = ArchiveLine(beginning: stored.prefix(512), at: place)
    _ = ArchiveLine.mayConcern(Array(line.conversation.utf8), stored[...])
    var conversation = Conversation(
        id: line.conversation, title: line.title, createdAt: line.createdAt, origin: line.origin,
        head: line.head ?? JSONObject())
    conversation.turns = turns + (ArchiveLine.turn(in: stored.dropLast()).map { [$0] } ?? [])
    _ = (
        conversation.markdown, conversation.export, conversation.turns.map(\.recalled),
        Title.cut(from: conversation.title), conversation.head
    )
}

private func check(_ object: JSON) {
    if let user = User(record: object) {
        require(User(record: user.record) == user, "a user changed: \(object.text)")
        _ = (user.summary, user.id.digest, user.archive.digest)
    }
    if let answer = IdempotentResponse(record: object) {
        require(IdempotentResponse(record: answer.record) == answer, "an answer changed: \(object.text)")
    }
    let now = Timestamp(microsecondsSinceEpoch: 1_800_000_000_000_000)
    if let health = AccountHealth(record: object) {
        require(AccountHealth(record: health.record) == health, "health changed: \(object.text)")
        var later = health
        for failure in FailureClass.allCases {
            later.note(failure, reason: "", retryAfter: .seconds(30), fingerprint: "f", at: now)
        }
        _ = (health.isOut(at: now, fingerprint: health.fingerprint), later.record)
    }
    if let token = StoredToken(record: object) {
        require(StoredToken(record: token.record) == token, "a token changed: \(object.text)")
        var later = token
        later.noteFailure(at: now)
        later.noteRefusal(at: now)
        _ = (token.isFresh(at: now), later.record)
    }
}
