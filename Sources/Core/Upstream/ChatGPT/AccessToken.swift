/// An access token of the ChatGPT backend with what its claims tell.
///
/// It is a JWT (RFC 7519) whose signature is the issuer's affair; only the payload is read. A text of another
/// form is a token about which nothing is known.
package struct AccessToken: Sendable, Equatable {
    package let secret: Secret
    package let expiresAt: Timestamp?
    /// Names the upstream's user: its own id, else a digest of what stands for one.
    package let upstreamUser: String

    package init(_ text: String) {
        secret = Secret(text)
        let claims = Self.claims(of: text)
        expiresAt = claims?["exp"]?.double.flatMap(Self.moment)
        let user = claims?["https://api.openai.com/auth"]?["user_id"]?.string
        if let user, Identifier.isValid(user) {
            upstreamUser = user
        } else {
            upstreamUser = Hex.sha256("upstream user\0" + (claims?["sub"]?.string ?? text))
        }
    }

    /// Whether `text` can stand in an `Authorization` header, and is no API key, which the backend never takes.
    package static func isPossible(_ text: String) -> Bool {
        (8...16_384).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
            && !text.hasPrefix("sk-") && !text.hasPrefix("sess-")
    }

    private static func claims(of text: String) -> JSON? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = Base64URL.decode(parts[1].utf8) else { return nil }
        return try? JSONReader.read(payload)
    }

    /// Seconds since 1970, within the years that a clock can show.
    private static func moment(_ seconds: Double) -> Timestamp? {
        guard seconds.isFinite, (0...253_402_300_799).contains(seconds) else { return nil }
        return Int64(exactly: (seconds * 1_000_000).rounded(.down)).map(Timestamp.init(microsecondsSinceEpoch:))
    }
}
