import Testing

@testable import Core

/// What every store must do with what goes by itself; the tests set the clock.
struct RetentionContractTests {
    private static let kinds = StoreUnderTest.all
    private let today = Day(utc: .now)
    private static let day = Duration.seconds(86_400)

    private func retention(days: Int) -> Settings.Retention {
        var retention = Settings.Retention()
        retention.billingDays = days
        return retention
    }

    private func use(_ store: any Store, by user: User) async throws {
        var row = UsageRow(
            at: .now, day: today, requestID: "r", account: "a", model: "m", kind: .chat,
            usage: TokenUsage(prompt: 10, completion: 5))
        (row.user, row.client) = (user.ledgerID, user.clientLedgerID)
        try await store.note([row], by: user)
    }

    private func sums(_ store: any Store) async throws -> [UsageSum] {
        try await store.usage(UsageQuery(days: today...today, by: [.user]))
    }

    @Test(arguments: kinds)
    func `a name goes so many days after its user, and every sum stays`(kind: StoreUnderTest) async throws {
        let workers = try kind.open(workers: 2)
        let gone = try #require(try await workers[0].addUser(StoreUnderTest.user("gone")).user)
        let here = try #require(try await workers[0].addUser(StoreUnderTest.user("here")).user)
        for user in [gone, here] { try await use(workers[0], by: user) }
        let before = try await sums(workers[0])
        #expect(try await workers[0].removeUser(gone, keepConversations: false, withUsers: false) == .removed)
        let now = Timestamp.now

        let early = try await workers[1].outdated(retention(days: 400), at: now + Self.day * 399)
        let due = try await workers[1].outdated(retention(days: 400), at: now + Self.day * 401)

        #expect(early.isEmpty && early.unmarkedNames.isEmpty)
        #expect(due.names == [gone.ledgerID])
        #expect(try await workers[0].usageName(of: gone.ledgerID)?.userID == "gone")
        try await workers[1].carryOut(due, at: now)
        #expect(try await workers[0].usageName(of: gone.ledgerID) == nil)
        #expect(try await workers[0].usageName(of: here.ledgerID)?.userID == "here")
        #expect(try await sums(workers[1]) == before)
        try await workers[0].rebuildUsage()
        #expect(try await sums(workers[1]) == before)
        #expect(try await workers[0].outdated(retention(days: 0), at: now + Self.day * 401).isEmpty)
    }

    @Test(arguments: kinds)
    func `with no days at all a name goes at the first run`(kind: StoreUnderTest) async throws {
        let store = try kind.open()
        let user = try #require(try await store.addUser(StoreUnderTest.user("u")).user)
        try await use(store, by: user)
        #expect(try await store.outdated(retention(days: 0), at: .now + Self.day * 1000).isEmpty)
        #expect(try await store.removeUser(user, keepConversations: true, withUsers: false) == .removed)

        #expect(try await store.outdated(retention(days: 0), at: .now).names == [user.ledgerID])
    }

    @Test(arguments: kinds)
    func `whoever gets the id next keeps the own name`(kind: StoreUnderTest) async throws {
        let store = try kind.open()
        let first = try #require(try await store.addUser(StoreUnderTest.user("u")).user)
        try await use(store, by: first)
        _ = try await store.removeUser(first, keepConversations: false, withUsers: false)
        let second = try #require(try await store.addUser(StoreUnderTest.user("u")).user)
        try await use(store, by: second)

        let plan = try await store.outdated(retention(days: 1), at: .now + Self.day * 2)
        try await store.carryOut(plan, at: .now)

        #expect(plan.names == [first.ledgerID])
        #expect(try await store.usageName(of: second.ledgerID)?.userID == "u")
    }

    @Test(arguments: kinds)
    func `users of a client that goes are counted from then on`(kind: StoreUnderTest) async throws {
        let store = try kind.open()
        let client = try #require(try await store.addUser(StoreUnderTest.user("bot", role: .client)).user)
        let user = try #require(try await store.addUser(StoreUnderTest.user("u", owner: client)).user)
        try await use(store, by: user)
        #expect(try await store.removeUser(client, keepConversations: false, withUsers: true) == .removed)

        let plan = try await store.outdated(retention(days: 30), at: .now + Self.day * 31)

        #expect(Set(plan.names) == [client.ledgerID, user.ledgerID])
    }
}

/// What the file store does with names that the version before left.
struct NamesRetentionTests {
    private let directory = TemporaryDirectory()

    @Test func `a name of which nobody noted when its user went has its time from the first run on`() throws {
        let store = try directory.store()
        let user = try store.adding(
            User(
                id: User.ID(owner: User.selfOwner, userID: "u"), username: "U", role: .user, keys: []))
        let path = store.layout.usageName(user.ledgerID)
        _ = try store.removeUser(user, keepConversations: false, withUsers: false)
        try AtomicFile.write(
            (["owner": "self", "user_id": "u", "username": "U", "later": 1] as JSON).bytes, to: path, durable: false)
        let (now, day) = (Timestamp.now, Duration.seconds(86_400))
        var retention = Settings.Retention()
        retention.billingDays = 10

        let first = try store.outdated(retention, at: now + day * 100)
        #expect(first.isEmpty && first.unmarkedNames == [user.ledgerID])
        try store.carryOut(first, at: now + day * 100)

        #expect(try store.read(path)?["later"] == 1)
        #expect(try store.outdated(retention, at: now + day * 109).isEmpty)
        #expect(try store.outdated(retention, at: now + day * 111).names == [user.ledgerID])
    }

    /// A user whom rows of the ledger name.
    private func named(in store: JSONFileStore) throws -> User {
        let user = try store.adding(
            User(id: User.ID(owner: User.selfOwner, userID: "u"), username: "U", role: .user, keys: []))
        try AtomicFile.write(
            UsageName(user).record.bytes, to: store.layout.usageName(user.ledgerID), durable: false)
        return user
    }

    @Test func `nothing goes for damage`() throws {
        let store = try directory.store()
        let user = try named(in: store)
        try AtomicFile.write(Array("{".utf8), to: store.layout.user(user.id.digest), durable: false)
        try AtomicFile.write(Array("{".utf8), to: store.layout.usageName("broken"), durable: false)
        var retention = Settings.Retention()
        retention.billingDays = 0

        let plan = try store.outdated(retention, at: .now + .seconds(86_400))

        #expect(plan.isEmpty && plan.unmarkedNames.isEmpty)
    }

    @Test func `a run that is due removes and says so in the audit log, one that is not does nothing`() throws {
        let store = try directory.store()
        let user = try named(in: store)
        var retention = Settings.Retention()
        retention.billingDays = 0
        try store.retain(retention)
        _ = try store.removeUser(user, keepConversations: false, withUsers: false)

        try store.retain(retention)
        #expect(try store.usageName(of: user.ledgerID) != nil)
        let quiet: (lines: Int, break: AuditChain.Break?) = try store.verifyAudit()
        try store.retain(retention, isDue: true)

        #expect(try store.usageName(of: user.ledgerID) == nil)
        let said: (lines: Int, break: AuditChain.Break?) = try store.verifyAudit()
        #expect((quiet.lines, said.lines, said.break == nil) == (0, 1, true))
    }
}
