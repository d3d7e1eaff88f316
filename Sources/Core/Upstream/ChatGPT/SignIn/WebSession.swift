/// The session of the web application: a cookie that gives access tokens.
///
/// The cookie's names are NextAuth's, which splits values that are too long for one cookie.
struct WebSession {
    private static let names = ["__Secure-next-auth.session-token", "next-auth.session-token"]
    /// The most bytes of one cookie's value.
    private static let pieceLength = 3933

    let addresses: SignInAddresses

    /// Reads the session of a browser that is signed in, or holds a cookie from ``remember(_:in:)``.
    func grant(in browser: inout SignInBrowser) async throws(SignInFailure) -> SignInGrant {
        let page = try await browser.fetch(addresses.session, step: "session")
        guard page.status == 200, let answer = page.json, answer.object != nil else { throw .unexpected("session") }
        // An old token may stand beside the error; it is no good.
        if let error = answer["error"], !error.isNull { throw .credentialEnded }
        guard let token = answer["accessToken"]?.string, AccessToken.isPossible(token) else { throw .credentialEnded }
        return SignInGrant(accessToken: AccessToken(token), sessionToken: Self.cookie(in: browser.jar).map(Secret.init))
    }

    /// Puts a session that is known from before into the jar.
    func remember(_ session: Secret, in browser: inout SignInBrowser) {
        let host = WebAddress.host(of: addresses.web)
        let bytes = Array(session.value.utf8)
        guard bytes.count > Self.pieceLength else {
            browser.jar.take("\(Self.names[0])=\(session.value)", from: host)
            return
        }
        for (index, start) in stride(from: 0, to: bytes.count, by: Self.pieceLength).enumerated() {
            let piece = String(decoding: bytes[start..<min(start + Self.pieceLength, bytes.count)], as: UTF8.self)
            browser.jar.take("\(Self.names[0]).\(index)=\(piece)", from: host)
        }
    }

    /// The session's cookie, put together where it was split.
    static func cookie(in jar: CookieJar) -> String? {
        for name in names {
            // A whole one may be left from before the server began to split it, and the other way round.
            if jar.latestName(beginning: name) == name { return jar.value(of: name) }
            var pieces = ""
            var index = 0
            while index < 32, let piece = jar.value(of: "\(name).\(index)") {
                pieces += piece
                index += 1
            }
            if !pieces.isEmpty { return pieces }
        }
        return nil
    }
}
