/// Which limits turns meet, and what they reserve of them.
package struct TurnLimits: Sendable {
    let store: any Store
    let settings: Settings.LimitSettings
    let prices: Prices
    let calendar: LimitCalendar
    /// How long a turn waits for what others have reserved.
    let queueTimeout: Duration

    package init(
        store: any Store, settings: Settings.LimitSettings = .init(), prices: Prices = Prices(),
        queueTimeout: Duration = .zero
    ) {
        self.store = store
        self.settings = settings
        self.prices = prices
        self.queueTimeout = queueTimeout
        calendar = LimitCalendar(zone: settings.timeZone)
    }

    // MARK: Of people

    /// Whose limits a turn of `user` meets: its own, and those of the client that it belongs to.
    ///
    /// Admins have the limits that are set for them, and no others.
    package func parts(of user: User, at time: Timestamp = .now) async throws -> [LimitClaim.Part] {
        let own = LimitSubject(user.role == .client ? .client : .user, user.ledgerID)
        switch user.role {
        case .admin: return [.init(own, user.limits.raised(by: user.raises, at: time))]
        case .client: return [.init(own, limits(ofClient: user, at: time))]
        case .user: break
        }
        let client = try await client(of: user)
        let limits = user.limits.over(standardLimits(of: client)).raised(by: user.raises, at: time)
        guard let client else { return [.init(own, limits)] }
        return [
            .init(own, limits),
            .init(LimitSubject(.client, client.ledgerID), self.limits(ofClient: client, at: time)),
        ]
    }

    /// What users have who have no limits of their own.
    package func standardLimits(of client: User?) -> Limits { (client?.userLimits ?? Limits()).over(settings.user) }

    package func limits(ofClient client: User, at time: Timestamp = .now) -> Limits {
        client.limits.over(settings.client).raised(by: client.raises, at: time)
    }

    /// What the key adds with which a call of `user` comes, and the group that pays for it.
    ///
    /// Of each member the group limits what the member has no limits of its own for.
    package func parts(of user: User, with key: User.Key?, for group: Group?) -> [LimitClaim.Part] {
        var parts: [LimitClaim.Part] = []
        if let key, !key.limits.isWithoutBounds { parts.append(.init(LimitSubject(.key, key.id), key.limits)) }
        guard let group else { return parts }
        parts.append(.init(LimitSubject(.group, group.id), group.limits))
        let member = group.memberLimits.without(user.limits)
        if !member.isWithoutBounds {
            parts.append(.init(LimitSubject(.member, "\(group.id) \(user.ledgerID)"), member))
        }
        return parts
    }

    private func client(of user: User) async throws -> User? {
        guard user.id.owner != User.selfOwner,
            let client = try await store.user(User.ID(owner: User.selfOwner, userID: user.id.owner)),
            client.number == user.ownerNumber
        else { return nil }
        return client
    }

    /// How far the limits of a user are used up, those of the groups that it is in among them.
    ///
    /// - Parameter key: That of the call, where the user asks for itself.
    package func standings(of user: User, with key: User.Key? = nil) async throws -> [LimitStanding] {
        var parts = try await parts(of: user) + self.parts(of: user, with: key, for: nil)
        for group in try await store.validGroups(of: user) { parts += self.parts(of: user, with: nil, for: group) }
        return try await standings(of: parts)
    }

    func standings(of parts: [LimitClaim.Part]) async throws -> [LimitStanding] {
        var parts = parts
        var standings: [LimitStanding] = []
        while !parts.isEmpty {
            let claim = LimitClaim(
                Array(parts.prefix(LimitClaim.mostParts)), prompt: 0, completion: 1, in: calendar)
            parts.removeFirst(claim.parts.count)
            standings += try await store.standings(of: claim)
        }
        return standings
    }

    /// Reserves what the caller may use.
    ///
    /// - Throws: 429 for a limit that the turn would pass.
    func allow(_ prompt: UpstreamPrompt, of request: TurnRequest) async throws -> TurnAllowance {
        let size = TurnSize(of: prompt)
        let claim = claim(
            try await parts(of: request.user)
                + parts(of: request.user, with: request.keyRecord, for: request.rights.group),
            size, completion: size.completion(standard: settings.reserveCompletionTokens), model: prompt.model,
            origin: LimitClaim.Origin(
                request.completion == nil ? .chat : .v1, requestID: request.requestID, user: request.user.number,
                client: request.user.id.owner == User.selfOwner ? nil : request.user.ownerNumber,
                key: request.keyRecord?.id,
                group: request.rights.group?.id, model: prompt.model, currency: prices.currency),
            call: LimitClaim.call(request.requestID))
        let hold = try await reserve(claim, timeout: queueTimeout)
        return TurnAllowance(size: size, hold: hold, limitsTokens: claim.limitsTokens, requestID: request.requestID)
    }

    private func claim(
        _ parts: [LimitClaim.Part], _ size: TurnSize, completion: Int, model: String?,
        origin: LimitClaim.Origin, call: UInt64
    ) -> LimitClaim {
        let cost = cost(of: model, size.prompt, completion)
        return LimitClaim(
            parts, prompt: size.prompt, completion: completion, least: size.choices, promptNano: cost.prompt,
            completionNano: cost.completion, call: call, origin: origin, in: calendar)
    }

    /// The most that so many tokens cost, in nano-units; where the model is left to the account, by the highest price.
    private func cost(of model: String?, _ prompt: Int, _ completion: Int) -> (prompt: Int, completion: Int) {
        let candidates = model.map { [prices.price(of: $0)].compactMap(\.self) } ?? Array(prices.models.values)
        func most(_ usage: TokenUsage) -> Int { candidates.map { $0.cost(of: usage).nano }.max() ?? 0 }
        return (most(TokenUsage(prompt: prompt, completion: 0)), most(TokenUsage(prompt: 0, completion: completion)))
    }

    private func reserve(_ claim: LimitClaim, timeout: Duration) async throws -> LimitHold {
        let reservation: LimitReservation
        do { reservation = try await store.reserve(claim, timeout: timeout) } catch let error as StoreError {
            // Where nothing is limited nobody is held up because nothing can be counted.
            guard !claim.isLimited else { throw error }
            return LimitHold(completion: claim.completion, report: LimitReport([])) { _ in }
        }
        switch reservation {
        case .granted(let hold): return hold
        case .refused(let report): throw GatewayError.limitReached(report)
        }
    }

    /// What the caller is told of its limits beside the answer.
    func notice(_ report: LimitReport) -> TurnNotices.Notice {
        TurnNotices.Notice(
            report: report,
            warnings: report.standings.filter { standing in
                let isLong = !standing.kind.isOfMinute && standing.kind != .concurrent
                return isLong && standing.percent >= settings.softPercent
            })
    }

    // MARK: Of what is used

    /// Reserves what the turn may use of an account, its pool and a model.
    ///
    /// - Returns: Nil where none of them is limited.
    func reserve(_ account: Account, _ model: String?, for allowance: TurnAllowance) async throws -> LimitReservation? {
        guard !account.isEphemeral else { return nil }
        var parts: [LimitClaim.Part] = []
        func add(_ kind: LimitSubject.Kind, _ name: String?, _ limits: [String: Limits]) {
            guard let name, let limits = limits[name], !limits.isWithoutBounds else { return }
            parts.append(.init(LimitSubject(kind, name), limits))
        }
        add(.model, model ?? account.models.first, settings.models)
        add(.pool, account.isPlus ? "plus" : "free", settings.pools)
        add(.account, account.id.rawValue, settings.accounts)
        guard !parts.isEmpty else { return nil }
        let claim = claim(
            parts, allowance.size, completion: allowance.hold.completion, model: model ?? account.models.first,
            origin: LimitClaim.Origin(.chat, requestID: allowance.requestID, account: account.id.rawValue),
            call: LimitClaim.call(allowance.requestID, account.id.rawValue))
        return try await store.reserve(claim, timeout: .zero)
    }

    /// Whether an account or its pool or a model has a limit of tokens.
    func limitsTokens(_ hold: LimitHold) -> Bool { hold.report.standings.contains { $0.kind.isTokens } }
}

/// The accounts that a turn passed over because of limits.
struct LimitedAccounts {
    private(set) var ids: Set<Account.ID> = []
    private var last: LimitReport?
    private var isHopeless = true

    var isEmpty: Bool { ids.isEmpty }
    /// Whether the end of other turns may help.
    var mayFree: Bool { !isHopeless }

    mutating func add(_ account: Account, _ report: LimitReport) {
        ids.insert(account.id)
        if last == nil || last?.isUsedUp == true { last = report }
        isHopeless = isHopeless && report.isUsedUp
    }

    /// Has all of them asked once more.
    mutating func forget() {
        ids = []
        isHopeless = true
    }

    var error: GatewayError {
        guard let last, let refused = last.refused else { return .accountsAtLimit(.seconds(1)) }
        guard refused.subject.kind == .account else { return .limitReached(last) }
        // Which accounts there are and what they may is the operator's affair.
        return .accountsAtLimit(last.isUsedUp ? refused.pause : .seconds(1))
    }
}

extension GatewayError {
    fileprivate static func accountsAtLimit(_ pause: Duration) -> GatewayError {
        GatewayError(
            .noAccountAvailable, "All accounts have done what they may for now. Try again later.", retryAfter: pause)
    }
}
