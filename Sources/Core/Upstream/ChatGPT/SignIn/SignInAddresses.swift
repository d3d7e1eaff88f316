/// Where the pages of a sign-in are.
package struct SignInAddresses: Sendable {
    /// The web application: csrf, sign-in and session.
    let web: String
    /// The identity provider.
    let auth: String

    package init(_ settings: Settings.OpenAI) {
        web = settings.webBaseURL
        auth = settings.authBaseURL
    }

    var csrf: String { "\(web)/api/auth/csrf" }
    var signIn: String { "\(web)/api/auth/signin/auth0?prompt=login" }
    var session: String { "\(web)/api/auth/session" }
    var token: String { "\(auth)/oauth/token" }

    func identifier(_ state: String) -> String { page("/u/login/identifier", state) }
    func password(_ state: String) -> String { page("/u/login/password", state) }
    func oneTimeCode(_ state: String) -> String { page("/u/mfa-otp-challenge", state) }

    private func page(_ path: String, _ state: String) -> String {
        "\(auth)\(path)?state=\(WebAddress.escaped(state))"
    }
}
