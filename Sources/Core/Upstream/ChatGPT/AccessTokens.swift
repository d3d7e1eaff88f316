import Logging

/// Gives each account its access token: the one in the settings, the one in the cache, or one of a new sign-in.
///
/// Only one worker signs in to an account at a time; the others wait and find its token in the cache.
package struct AccessTokens: Sendable {
    let store: any Store
    let client: HTTPClient
    let addresses: SignInAddresses
    /// The longest life of a token in the cache.
    let longestLife: Duration
    let log: Logger
    /// Called when the store says that this worker must not go on.
    let onStorageFault: @Sendable () -> Void

    /// How long a turn waits for another worker's sign-in; that has nine pages at most.
    private static let timeout = Duration.seconds(60)

    package init(
        store: any Store, client: HTTPClient, settings: Settings.OpenAI, log: Logger,
        onStorageFault: @escaping @Sendable () -> Void = {}
    ) {
        self.store = store
        self.client = client
        addresses = SignInAddresses(settings)
        longestLife = settings.accessTokenRefreshInterval
        self.log = log
        self.onStorageFault = onStorageFault
    }

    /// The token to use now.
    ///
    /// - Parameter rejected: A token that the backend has just refused, which is not given again.
    func token(
        for account: Account, replacing rejected: AccessToken? = nil
    ) async throws(UpstreamError) -> AccessToken {
        guard case .chatGPT(let credentials) = account.kind else {
            throw UpstreamError(.badReply, .callerFault, "not an account of the ChatGPT backend")
        }
        if account.isEphemeral { return try given(credentials, rejected) }
        if let token = usable(try await stored(of: account), rejected) { return token }
        if rejected == nil, let token = try? given(credentials, nil) { return token }
        guard credentials.canSignIn else { return try given(credentials, rejected) }
        let lease = try await leaseSignIn(of: account)
        defer { withExtendedLifetime(lease) {} }
        // Another worker may have signed in meanwhile.
        var record = try await stored(of: account)
        if let token = usable(record, rejected) { return token }
        if let rejected, record.accessToken == rejected.secret {
            record.noteRefusal(at: .now)
            try await keep(record, of: account)
        }
        try enforceBackoff(record)
        return try await signIn(credentials, account, record)
    }

    /// A token that can be used without a sign-in; nil where there is none.
    func tokenAtHand(for account: Account) async throws(UpstreamError) -> AccessToken? {
        guard case .chatGPT(let credentials) = account.kind else { return nil }
        if let token = usable(try await stored(of: account), nil) { return token }
        return try? given(credentials, nil)
    }

    /// Forgets a token that the backend refused for good.
    func discard(_ token: AccessToken, of account: Account) async {
        guard !account.isEphemeral, var record = try? await stored(of: account), record.accessToken == token.secret
        else { return }
        record.accessToken = nil
        try? await keep(record, of: account)
    }

    private func signIn(
        _ credentials: Account.ChatGPT, _ account: Account, _ before: StoredToken
    ) async throws(UpstreamError) -> AccessToken {
        var record = before
        // In a task of its own: a caller who leaves must not waste the sign-in for all who wait for it.
        let attempt = Task { () -> Result<SignInGrant, SignInFailure> in
            do throws(SignInFailure) { return .success(try await grant(credentials, account, before)) } catch {
                return .failure(error)
            }
        }
        switch await attempt.value {
        case .success(let grant):
            let now = Timestamp.now
            record.accessToken = grant.accessToken.secret
            record.obtainedAt = now
            record.expiresAt = min(grant.accessToken.expiresAt ?? now + longestLife, now + longestLife)
            record.sessionToken = grant.sessionToken ?? record.sessionToken
            record.refreshToken = grant.refreshToken ?? record.refreshToken
            record.failures = 0
            record.notBefore = nil
            // Kept before it is used: a rotated refresh token that is lost cannot be had again.
            try await keep(record, of: account)
            log.info("signed in", metadata: ["account": "\(account.id)"])
            return grant.accessToken
        case .failure(let failure):
            var error = UpstreamError(failure)
            if case .unreachable = failure { throw error }
            record.noteFailure(at: .now)
            try await keep(record, of: account)
            if error.failure != .credential, let notBefore = record.notBefore {
                error.retryAfter = max(error.retryAfter ?? .zero, notBefore - .now)
            }
            throw error
        }
    }

    /// Tries what the account has, the cheapest first.
    private func grant(
        _ credentials: Account.ChatGPT, _ account: Account, _ record: StoredToken
    ) async throws(SignInFailure) -> SignInGrant {
        for refresh in Self.distinct(record.refreshToken, credentials.refreshToken) {
            do throws(SignInFailure) {
                return try await RefreshGrant(client: client, addresses: addresses).grant(
                    refresh, through: account.proxy)
            } catch { guard error == .credentialEnded else { throw error } }
        }
        for session in Self.distinct(record.sessionToken, credentials.sessionToken) {
            var browser = SignInBrowser(
                client: client, proxy: account.proxy, bases: [addresses.web, addresses.auth])
            let web = WebSession(addresses: addresses)
            web.remember(session, in: &browser)
            do throws(SignInFailure) { return try await web.grant(in: &browser) } catch {
                guard error == .credentialEnded else { throw error }
            }
        }
        guard let email = credentials.email, let password = credentials.password else { throw .credentialEnded }
        return try await PasswordSignIn(client: client, addresses: addresses).grant(
            email: email, password: password, through: account.proxy)
    }

    private static func distinct(_ first: Secret?, _ second: Secret?) -> [Secret] {
        [first, second == first ? nil : second].compactMap(\.self)
    }

    private func given(_ credentials: Account.ChatGPT, _ rejected: AccessToken?) throws(UpstreamError) -> AccessToken {
        guard let secret = credentials.accessToken, secret != rejected?.secret else { throw .chatGPTTokenEnded }
        let token = AccessToken(secret.value)
        if let end = token.expiresAt, end <= .now { throw .chatGPTTokenEnded }
        return token
    }

    private func usable(_ record: StoredToken, _ rejected: AccessToken?) -> AccessToken? {
        guard let secret = record.accessToken, secret != rejected?.secret, record.isFresh(at: .now) else { return nil }
        return AccessToken(secret.value)
    }

    private func enforceBackoff(_ record: StoredToken) throws(UpstreamError) {
        guard let pause = record.pause(at: .now) else { return }
        throw UpstreamError(.refused, .rateLimited, "waits before the next sign-in", retryAfter: pause)
    }

    private func leaseSignIn(of account: Account) async throws(UpstreamError) -> Lease {
        let lease: Lease?
        do { lease = try await store.lease(.signIn(account.id), timeout: Self.timeout) } catch is CancellationError {
            throw UpstreamError(.cancelled, .callerFault, "left")
        } catch { throw failed(error) }
        guard let lease else { throw UpstreamError(.timeout, .transient, "another worker's sign-in takes too long") }
        return lease
    }

    private func stored(of account: Account) async throws(UpstreamError) -> StoredToken {
        do {
            let record = try await store.upstreamToken(of: account.id)
            return record?.fingerprint == account.fingerprint
                ? record ?? StoredToken(fingerprint: account.fingerprint)
                : StoredToken(fingerprint: account.fingerprint)
        } catch { throw failed(error) }
    }

    private func keep(_ record: StoredToken, of account: Account) async throws(UpstreamError) {
        do { try await store.keepUpstreamToken(record, of: account.id) } catch { throw failed(error) }
    }

    private func failed(_ error: any Error) -> UpstreamError {
        log.error("the token cache failed", metadata: ["error": "\(error)"])
        if let error = error as? StoreError, error.endsProcess { onStorageFault() }
        return UpstreamError(.unreachable, .transient, "the token cache failed")
    }
}

extension Account.ChatGPT {
    /// Whether it has more than an access token.
    fileprivate var canSignIn: Bool {
        refreshToken != nil || sessionToken != nil || (email != nil && password != nil)
    }
}
