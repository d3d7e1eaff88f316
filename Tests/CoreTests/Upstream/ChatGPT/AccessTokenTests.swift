import Testing

@testable import Core

@Suite struct AccessTokenTests {
    /// The claims in it: `{"https://api.openai.com/auth":{"user_id":"user-1"},"sub":"auth0|1","exp":1687209600}`.
    private let payload =
        "eyJodHRwczovL2FwaS5vcGVuYWkuY29tL2F1dGgiOnsidXNlcl9pZCI6InVzZXItMSJ9LCJzdWIiOiJhdXRoMHwxIiwi"
        + "ZXhwIjoxNjg3MjA5NjAwfQ"

    @Test func theClaimsTellUserAndEnd() {
        let token = AccessToken("aaa.\(payload).ccc")
        #expect(token.upstreamUser == "user-1")
        #expect(token.expiresAt == Timestamp(microsecondsSinceEpoch: 1_687_209_600_000_000))
    }

    @Test(arguments: ["", "a.b", "a.b.c", "a.!!!!.c", "a.bnVsbA.c", "a.eyJleHAiOjFlMzAwfQ.c"])
    func whatHasNoClaimsIsStillAToken(_ text: String) {
        let token = AccessToken(text)
        #expect(token.expiresAt == nil)
        #expect(token.upstreamUser.utf8.count == 64)
    }

    @Test func tokensOfNobodyKnownAreToldApart() {
        #expect(AccessToken("a.b.c").upstreamUser != AccessToken("a.b.d").upstreamUser)
        #expect(!AccessToken("a.b.c").upstreamUser.contains("a.b.c"))
    }

    @Test(arguments: ["sk-0123456789", "sess-0123456789", "short", "with space inside", "héhéhéhé"])
    func whatCannotBeATokenIsRefused(_ text: String) { #expect(!AccessToken.isPossible(text)) }

    @Test func printingShowsNothingOfIt() {
        #expect(!"\(AccessToken("aaa.\(payload).ccc"))".contains("eyJ"))
    }

    @Test func base64URLDecodesWhatItShould() {
        #expect(Base64URL.decode("-_8".utf8) == [0xFB, 0xFF])
        #expect(Base64URL.decode("".utf8) == [])
        #expect(Base64URL.decode("A".utf8) == nil)
        #expect(Base64URL.decode("AA==".utf8) == nil)
    }
}
