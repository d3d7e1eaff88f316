import Logging
import Testing

@testable import Core

/// Whom and what the watch finds at a threshold, on a real state directory.
struct ThresholdWatchTests {
    private let directory = TemporaryDirectory()
    private let store: JSONFileStore
    private let account = Account(
        id: .init(rawValue: "a"), kind: .openAI(.init(baseURL: "http://x/v1", apiKey: nil)), isPlus: true)
    private var settings = Settings()

    init() throws {
        store = try directory.store()
        settings.openAI.accounts = [account]
        settings.thresholds.webhook = .init(url: Secret("http://127.0.0.1:9/"), secret: Secret("s"))
        settings.prices.currency = "EUR"
    }

    private static func tokens(_ most: Int, _ kind: Limits.Kind = .tokensPerDay) -> Limits {
        var limits = Limits()
        limits[kind] = .most(most)
        return limits
    }

    private func makeWatch() throws -> ThresholdWatch {
        try #require(ThresholdWatch(settings, store: store, client: .shared, log: Logger(label: "test")))
    }

    private var limits: TurnLimits { TurnLimits(store: store, settings: settings.limits, prices: settings.prices) }

    private func names(_ user: User, key: User.Key? = nil, group: Group? = nil) -> UsageRow {
        var row = UsageRow(
            at: .now, day: Day(utc: .now), requestID: Identifier.random(), account: "a", model: "m", kind: .v1,
            usage: TokenUsage(prompt: 0, completion: 0))
        (row.user, row.client, row.key, row.group) = (user.ledgerID, user.clientLedgerID, key?.id, group?.id)
        return row
    }

    private func hold(_ user: User, key: User.Key? = nil, group: Group? = nil) async throws -> LimitHold {
        let parts = try await limits.parts(of: user) + limits.parts(of: user, with: key, for: group)
        let claim = LimitClaim(parts, prompt: 1, completion: 1, in: limits.calendar)
        guard case .granted(let hold) = try await store.reserve(claim, timeout: .zero) else {
            throw GatewayError.userNotFound
        }
        return hold
    }

    /// A call of `user` as it is counted and written down.
    private func use(_ tokens: Int, by user: User, key: User.Key? = nil, group: Group? = nil) async throws {
        let hold = try await hold(user, key: key, group: group)
        try await store.note([names(user, key: key, group: group)], by: user)
        hold.settle(.used(tokens: tokens, nano: 0))
    }

    private func told(_ state: ThresholdWatch.State) throws -> [String] {
        try #require(state.book).waiting.map { call in
            let subject = call.body["subject"]
            return
                "\(subject?["type"]?.string ?? "") \(subject?["id"]?.string ?? "") \(call.body["percent"]?.text ?? "")"
        }
        .sorted()
    }

    private func add(_ id: String, _ limits: Limits = Limits(), role: User.Role = .user) throws -> User {
        var user = User(id: User.ID(owner: User.selfOwner, userID: id), username: id, role: role)
        user.limits = limits
        return try store.adding(user)
    }

    @Test func `without a webhook nobody watches`() {
        #expect(ThresholdWatch(Settings(), store: store, client: .shared, log: Logger(label: "test")) == nil)
    }

    @Test func `each threshold is told once, also of those that are passed together`() async throws {
        let user = try add("ada", Self.tokens(1000))
        let watch = try makeWatch()
        var state = watch.makeState()
        try await watch.notice(&state)

        try await use(790, by: user)
        try await watch.notice(&state)
        #expect(try told(state).isEmpty)
        for _ in 0..<3 {
            try await use(20, by: user)
            try await watch.notice(&state)
            #expect(try told(state) == ["user ada 80"])
        }
        try await use(150, by: user)
        try await watch.notice(&state)
        #expect(try told(state) == ["user ada 100", "user ada 80"])
        let body = try #require(state.book?.waiting.first).body
        #expect(body["used"]?.int == 810 && body["max"]?.int == 1000 && body["kind"] == "tokens_per_day")
        #expect(body["subject"]?["owner"] == "self" && body["currency"] == nil)
    }

    @Test func `a worker that takes over finds what the one before missed, and tells nothing twice`() async throws {
        let users = try ["ada", "bob"].map { try add($0, Self.tokens(100)) }
        try await use(85, by: users[0])
        var state = try makeWatch().makeState()
        try await makeWatch().notice(&state)
        #expect(try told(state) == ["user ada 80"])
        state.forget()
        try await use(85, by: users[1])
        try await makeWatch().notice(&state)
        #expect(try told(state) == ["user ada 80", "user bob 80"])
    }

    @Test func `a row that is not yet settled is looked at until it is`() async throws {
        let user = try add("ada", Self.tokens(100))
        let watch = try makeWatch()
        var state = watch.makeState()
        try await watch.notice(&state)
        let hold = try await hold(user)
        try await store.note([names(user)], by: user)

        try await watch.notice(&state)
        #expect(try told(state).isEmpty && state.recent.count == 1)
        hold.settle(.used(tokens: 80, nano: 0))
        try await watch.notice(&state)
        #expect(try told(state) == ["user ada 80"] && state.recent.isEmpty)
    }

    @Test func `a raise counts while it lasts`() async throws {
        var user = try add("ada", Self.tokens(100))
        let raise = LimitRaise(by: Self.tokens(900), until: .now + .seconds(3600), reason: "A workshop")
        user = try #require(try store.updateUser(user, UserChange(raise: raise)).user)
        let watch = try makeWatch()
        var state = watch.makeState()
        try await watch.notice(&state)

        try await use(700, by: user)
        try await watch.notice(&state)
        #expect(try told(state).isEmpty)
        try await use(100, by: user)
        try await watch.notice(&state)
        #expect(try told(state) == ["user ada 80"])
        #expect(state.book?.waiting.first?.body["max"]?.int == 1000)
    }

    @Test func `a limit that was lowered is found without another call`() async throws {
        let user = try add("ada", Self.tokens(1000))
        try await use(100, by: user)
        let watch = try makeWatch()
        var state = watch.makeState()
        try await watch.notice(&state)
        #expect(try told(state).isEmpty)
        #expect(try store.updateUser(user, UserChange(limits: Self.tokens(100))).user != nil)

        state.nextRound = .now
        try await watch.notice(&state)
        #expect(try told(state) == ["user ada 100", "user ada 80"])
    }

    @Test func `clients, keys, groups and their members are subjects`() async throws {
        let client = try add("club", Self.tokens(100), role: .client)
        var user = User(
            id: User.ID(owner: "club", userID: "eve"), ownerNumber: client.number, username: "Eve",
            keys: [User.Key(.generate())])
        user.keys[0].limits = Self.tokens(100)
        user = try store.adding(user)
        var group = Group(id: "course", name: "Course")
        (group.limits, group.memberLimits) = (Self.tokens(100), Self.tokens(100, .tokensPerMonth))
        #expect(try store.addGroup(group))
        let watch = try makeWatch()
        var state = watch.makeState()
        try await watch.notice(&state)

        try await use(90, by: user, key: user.keys[0], group: group)
        try await watch.notice(&state)
        let key = user.keys[0].id
        #expect(try told(state) == ["client club 80", "group course 80", "key \(key) 80", "member eve 80"])
        let member = state.book?.waiting.first { $0.body["subject"]?["type"] == "member" }
        #expect(member?.body["subject"]?["group"] == "course" && member?.body["subject"]?["owner"] == "club")
        #expect(member?.body["period"]?.string?.utf8.count == 7)
    }

    @Test func `models, pools and accounts are subjects where the settings limit them`() async throws {
        var test = self
        test.settings.limits.models = ["m": Self.tokens(100)]
        test.settings.limits.pools = ["plus": Self.tokens(100), "free": Self.tokens(1)]
        test.settings.limits.accounts = ["a": Self.tokens(100)]
        let user = try add("ada")
        let watch = try test.makeWatch()
        var state = watch.makeState()
        try await watch.notice(&state)
        let parts = [
            LimitClaim.Part(LimitSubject(.model, "m"), Self.tokens(100)),
            .init(LimitSubject(.pool, "plus"), Self.tokens(100)), .init(LimitSubject(.account, "a"), Self.tokens(100)),
        ]
        let claim = LimitClaim(parts, prompt: 1, completion: 1, in: limits.calendar)
        guard case .granted(let hold) = try await store.reserve(claim, timeout: .zero) else {
            Issue.record("nothing was used yet")
            return
        }
        try await store.note([names(user)], by: user)
        hold.settle(.used(tokens: 80, nano: 0))

        try await watch.notice(&state)
        #expect(try told(state) == ["account a 80", "model m 80", "pool plus 80"])
    }
}
