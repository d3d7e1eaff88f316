/// `/api/access-token` and its page: signs in with a caller's e-mail and password and gives the access token.
///
/// Nothing of it is stored or logged. All keys of a user together have few tries, so that nobody guesses
/// passwords through here.
package struct AccessTokenHandler: Sendable {
    private static let triesAMinute = 5

    let store: any Store
    let signIn: PasswordSignIn
    let proxy: Proxy?
    let pages: HTMLPage

    package func respond(to call: Call) async throws -> Response {
        let caller = try call.principal.caller
        guard let email = try call.parameters.text("email") else { throw GatewayError.missing("email") }
        guard let password = try call.parameters.text("password") else { throw GatewayError.missing("password") }
        let code = try call.parameters.text("mfa_code")
        if let pause = try await store.consumeAttempt(
            of: caller.archive.digest, limit: Self.triesAMinute, within: .seconds(60))
        {
            throw GatewayError(
                .rateLimited, "A key may try \(Self.triesAMinute) sign-ins a minute. Wait a moment.",
                retryAfter: pause)
        }

        let grant: SignInGrant
        do throws(SignInFailure) {
            grant = try await signIn.grant(
                email: email, password: Secret(password), oneTimeCode: code, through: proxy)
        } catch { throw error.gatewayError }

        let token = grant.accessToken.secret.value
        if call.isPage { return .html(pages.message(token, title: "Access token")) }
        return .json([
            "status": "success", "access_token": JSON(token),
            "expires_at": JSON(grant.accessToken.expiresAt?.rfc3339),
            // Clients of the Flask server read this one.
            "Access Token": JSON(token),
        ])
    }
}
