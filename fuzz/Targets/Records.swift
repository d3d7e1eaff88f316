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
    guard let conversation = Conversation(lines: objects) else { return }
    let again = Conversation(lines: [conversation.header] + conversation.turns.map(\.line))
    require(again == conversation, "a conversation changed: \(conversation.header.text)")
    _ = (
        conversation.markdown, conversation.export, conversation.turns.map(\.recalled),
        Title.cut(from: conversation.title)
    )
}

private func check(_ object: JSON) {
    if let user = User(record: object) {
        require(User(record: user.record) == user, "a user changed: \(object.text)")
        _ = (user.summary, user.id.digest, user.archive.pseudonym)
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
    if let summary = Conversation.Summary(id: "a", entry: object) {
        require(Conversation.Summary(id: "a", entry: summary.entry) == summary, "a summary changed: \(object.text)")
    }
}
