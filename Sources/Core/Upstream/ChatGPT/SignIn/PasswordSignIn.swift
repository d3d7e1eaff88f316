/// Signs in with e-mail and password as a browser does, page after page.
///
/// The pages are those of NextAuth and Auth0 as they were in 2023. Whatever wants more than a password and a
/// one-time code ends the sign-in.
package struct PasswordSignIn: Sendable {
    let client: HTTPClient
    let addresses: SignInAddresses

    package init(client: HTTPClient, addresses: SignInAddresses) {
        self.client = client
        self.addresses = addresses
    }

    /// - Parameter oneTimeCode: For accounts with a second factor.
    package func grant(
        email: String, password: Secret, oneTimeCode: String? = nil, through proxy: Proxy?
    ) async throws(SignInFailure) -> SignInGrant {
        var browser = SignInBrowser(client: client, proxy: proxy, bases: [addresses.web, addresses.auth])
        let state = try await begin(&browser)
        try await giveEmail(email, state, &browser)
        var next = try await givePassword(email, password, state, &browser)
        next = try await resume(next, oneTimeCode, &browser)
        try await enter(next, &browser)
        return try await WebSession(addresses: addresses).grant(in: &browser)
    }

    /// From the csrf token to the identity provider's page; gives the state that names this sign-in there.
    private func begin(_ browser: inout SignInBrowser) async throws(SignInFailure) -> String {
        let csrf = try await browser.fetch(addresses.csrf, step: "csrf")
        guard csrf.status == 200, let token = csrf.json?["csrfToken"]?.string else { throw .unexpected("csrf") }
        let form = [(name: "callbackUrl", value: "/"), ("csrfToken", token), ("json", "true")]
        let signIn = try await browser.fetch(addresses.signIn, posting: form, step: "sign-in")
        if signIn.status == 400 { throw .rateLimited }
        guard signIn.status == 200, let url = signIn.json?["url"]?.string else { throw .unexpected("sign-in") }
        if WebAddress.query("error", of: url) != nil { throw .rateLimited }
        guard url.hasPrefix(addresses.auth + "/") else { throw .unexpected("sign-in: its csrf check") }
        let authorize = try await browser.fetch(url, step: "authorize")
        guard authorize.isRedirect else { throw .unexpected("authorize") }
        // Without a state the provider has refused to begin.
        guard let state = authorize.location.flatMap({ WebAddress.query("state", of: $0) }) else { throw .rateLimited }
        return state
    }

    private func giveEmail(
        _ email: String, _ state: String, _ browser: inout SignInBrowser
    ) async throws(SignInFailure) {
        let address = addresses.identifier(state)
        let page = try await browser.fetch(address, step: "e-mail page")
        if Self.wantsCaptcha(page) { throw .captchaRequired }
        let form = [
            (name: "state", value: state), ("username", email), ("js-available", "true"),
            ("webauthn-available", "true"), ("is-brave", "false"), ("webauthn-platform-available", "false"),
            ("action", "default"),
        ]
        let answer = try await browser.fetch(address, posting: form, step: "e-mail")
        if answer.status == 400 { throw Self.wantsCaptcha(answer) ? .captchaRequired : .wrongPassword }
        guard answer.isRedirect else { throw .unexpected("e-mail") }
    }

    private func givePassword(
        _ email: String, _ password: Secret, _ state: String, _ browser: inout SignInBrowser
    ) async throws(SignInFailure) -> String {
        let form = [
            (name: "state", value: state), ("username", email), ("password", password.value), ("action", "default"),
        ]
        let answer = try await browser.fetch(addresses.password(state), posting: form, step: "password")
        if answer.status == 400 {
            if answer.text.contains("Wrong email or password") { throw .wrongPassword }
            throw Self.wantsCaptcha(answer) ? .captchaRequired : .blocked
        }
        guard answer.isRedirect, let location = answer.location else { throw .unexpected("password") }
        // Back to the start: a token of the bot protection is wanted.
        if location.hasPrefix("\(addresses.web)/auth/login") { throw .edge }
        return location
    }

    /// From the accepted password, over the one-time code, to the address of the callback.
    private func resume(
        _ location: String, _ oneTimeCode: String?, _ browser: inout SignInBrowser
    ) async throws(SignInFailure) -> String {
        var location = location
        var isCodeGiven = false
        // resume, challenge, resume: more are a circle.
        for _ in 0..<4 {
            if WebAddress.query("error", of: location) != nil {
                throw Self.refusal(WebAddress.query("error_description", of: location) ?? "")
            }
            if location.hasPrefix("\(addresses.web)/api/auth/callback/") { return location }
            if location.hasPrefix("\(addresses.auth)/u/mfa-") {
                guard let oneTimeCode, !isCodeGiven else { throw isCodeGiven ? .wrongCode : .codeRequired }
                guard let state = WebAddress.query("state", of: location) else { throw .unexpected("one-time code") }
                isCodeGiven = true
                let form = [(name: "state", value: state), ("code", oneTimeCode), ("action", "default")]
                let answer = try await browser.fetch(
                    addresses.oneTimeCode(state), posting: form, step: "one-time code")
                if answer.status == 400 { throw .wrongCode }
                guard answer.isRedirect, let next = answer.location else { throw .unexpected("one-time code") }
                location = next
            } else {
                let answer = try await browser.fetch(location, step: "resume")
                guard answer.isRedirect, let next = answer.location else { throw .unexpected("resume") }
                location = next
            }
        }
        throw .unexpected("resume: too many redirects")
    }

    /// Trades the code for the session's cookie.
    private func enter(_ callback: String, _ browser: inout SignInBrowser) async throws(SignInFailure) {
        let page = try await browser.fetch(callback, step: "callback")
        if let location = page.location,
            let reason = WebAddress.query("error_description", of: location) ?? WebAddress.query("error", of: location)
        {
            throw Self.refusal(reason)
        }
        guard page.status == 200 || page.isRedirect, WebSession.cookie(in: browser.jar) != nil else {
            throw .unexpected("callback")
        }
    }

    private static func wantsCaptcha(_ page: SignInBrowser.Page) -> Bool { page.text.contains("alt=\"captcha\"") }

    private static func refusal(_ description: String) -> SignInFailure {
        let words = description.lowercased()
        if words.contains("deactivated") { return .deactivated }
        if words.contains("country") { return .countryRefused }
        if words.contains("blocked") { return .blocked }
        return .unexpected("callback: the sign-in was refused")
    }
}
