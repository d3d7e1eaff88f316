import Testing

@testable import Core

@Suite struct StoredTokenTests {
    private let start = Timestamp(microsecondsSinceEpoch: 1_700_000_000_000_000)

    private func token(life: Duration) -> StoredToken {
        var token = StoredToken(fingerprint: "f", at: start)
        token.accessToken = Secret("aaa.bbb.ccc")
        token.expiresAt = start + life
        return token
    }

    @Test func aMarginBeforeTheEndIsLeftUnused() {
        #expect(token(life: .seconds(86_400)).isFresh(at: start + .seconds(86_000)))
        #expect(!token(life: .seconds(86_400)).isFresh(at: start + .seconds(86_101)))
        #expect(token(life: .seconds(60)).isFresh(at: start + .seconds(53)))
        #expect(!token(life: .seconds(60)).isFresh(at: start + .seconds(55)))
    }

    @Test func pausesAfterFailedSignInsGrowToAnHour() {
        var token = token(life: .zero)
        var pauses: [Duration] = []
        for _ in 0..<9 {
            token.noteFailure(at: start)
            pauses.append((token.notBefore ?? start) - start)
        }
        #expect(pauses.prefix(3) == [.seconds(60), .seconds(120), .seconds(240)])
        #expect(pauses.last == .seconds(3600))
    }

    @Test func theFirstEarlyRefusalCostsNoPauseAndLaterOnesDo() {
        var token = token(life: .seconds(86_400))
        token.noteRefusal(at: start + .seconds(5))
        #expect(token.notBefore == nil && token.accessToken == nil)
        token.noteRefusal(at: start + .seconds(6))
        #expect(token.notBefore == start + .seconds(66))
        token.noteRefusal(at: start + .seconds(700))
        #expect(token.earlyRefusals == 0)
    }

    @Test func theRecordGivesTheSameBack() {
        var token = token(life: .seconds(100))
        token.sessionToken = Secret("s")
        token.refreshToken = Secret("r")
        token.noteFailure(at: start)
        #expect(StoredToken(record: token.record) == token)
        #expect(StoredToken(record: ["fingerprint": "f"]) == nil)
    }

    @Test func triesOfAKeyAreCountedAndOthersAreNot() throws {
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let store = try directory.store()
        let (key, other) = (Hex.sha256("key"), Hex.sha256("other"))
        for _ in 0..<3 { #expect(try store.consumeAttempt(of: key, limit: 3, within: .seconds(60)) == nil) }

        let pause = try #require(try store.consumeAttempt(of: key, limit: 3, within: .seconds(60)))
        #expect(pause > .seconds(50) && pause <= .seconds(60))
        #expect(try store.consumeAttempt(of: other, limit: 3, within: .seconds(60)) == nil)
        #expect(try store.consumeAttempt(of: key, limit: 3, within: .zero) == nil)
    }
}
