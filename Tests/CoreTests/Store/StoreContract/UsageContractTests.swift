import Testing

@testable import Core

/// What every store must do with the ledger; two stores are two workers.
struct UsageContractTests {
    private static let kinds = StoreUnderTest.all
    private let today = Day(utc: .now)

    private func row(
        _ user: User, _ model: String = "m", day: Day? = nil, price: String? = nil, key: String? = nil
    ) -> UsageRow {
        let price = price.flatMap { Money(text: $0) }.map { ModelPrice(input: $0, output: $0) }
        var row = UsageRow(
            at: .now, day: day ?? today, requestID: "r", account: "a", model: model, kind: .chat,
            usage: TokenUsage(prompt: 1_000_000, completion: 0, cached: 7, reasoning: 0), price: price,
            currency: price == nil ? nil : "EUR", milliseconds: 5)
        (row.user, row.client, row.key) = (user.ledgerID, user.clientLedgerID, key)
        return row
    }

    @Test(arguments: kinds) func `a row is in all sums at once, in all workers`(kind: StoreUnderTest) async throws {
        let workers = try kind.open(workers: 2)
        let client = try #require(try await workers[0].addUser(StoreUnderTest.user("bot", role: .client)).user)
        let one = try #require(try await workers[0].addUser(StoreUnderTest.user("u", owner: client)).user)
        let other = try #require(try await workers[1].addUser(StoreUnderTest.user("v")).user)
        try await workers[0].note([row(one, price: "0.5"), row(one, "n", day: today.before(1))], by: one)
        try await workers[1].note([row(other, price: "2")], by: other)

        func sums(_ change: (inout UsageQuery) -> Void) async throws -> [UsageSum] {
            var query = UsageQuery(days: today.before(5)...today, by: [.model])
            change(&query)
            return try await workers[1].usage(query)
        }

        let byModel = try await sums { $0.by = [.model, .day] }
        #expect(byModel.map(\.values) == [["n", today.before(1).text], ["m", today.text]])
        #expect(byModel.map(\.cost.text) == ["0", "2.5"] && byModel.map(\.unpriced) == [1, 0])
        #expect(byModel.last?.usage.cached == 14 && byModel.last?.milliseconds == 10)
        #expect(try await sums { $0.narrow(to: one) }.map(\.calls) == [1, 1])
        #expect(try await sums { $0.narrow(to: other) }.map(\.values) == [["m"]])
        #expect(try await sums { $0.client = client.ledgerID }.map(\.values) == [["n"], ["m"]])
        #expect(try await sums { $0.client = "" }.map(\.cost.text) == ["2"])
        #expect(try await sums { $0.days = today...today }.map(\.values) == [["m"]])
    }

    @Test(arguments: kinds) func `pages follow one another without a gap`(kind: StoreUnderTest) async throws {
        let store = try kind.open()
        let user = try #require(try await store.addUser(StoreUnderTest.user("u")).user)
        for number in 0..<7 { try await store.note([row(user, "m\(number)")], by: user) }

        var (models, after): ([String], [String]?) = ([], nil)
        while true {
            var query = UsageQuery(days: today...today, by: [.model, .user], limit: 3)
            query.after = after
            let page = try await store.usage(query)
            models += page.map { $0.values[0] }
            guard page.count == 3 else { break }
            after = page.last?.place
        }

        #expect(models == (0..<7).reversed().map { "m\($0)" })
    }

    @Test(arguments: kinds) func `names outlive their users, and follow new ones`(kind: StoreUnderTest) async throws {
        let store = try kind.open()
        let client = try #require(try await store.addUser(StoreUnderTest.user("bot", role: .client)).user)
        let user = try #require(try await store.addUser(StoreUnderTest.user("u", owner: client)).user)
        #expect(try await store.usageName(of: user.ledgerID) == nil)
        try await store.note([row(user)], by: user)
        #expect(try await store.usageName(of: user.ledgerID) == UsageName(user))
        #expect(try await store.usageName(of: client.ledgerID) == UsageName(client))

        _ = try await store.updateUser(user, UserChange(username: "Ada"))
        #expect(try await store.removeUser(user, keepConversations: false, withUsers: false) == .removed)

        #expect(try await store.usageName(of: user.ledgerID)?.username == "Ada")
        #expect(try await store.usageName(of: "../../x") == nil)
    }

    @Test(arguments: kinds)
    func `what groups pay for is found from the day on that they were made`(kind: StoreUnderTest) async throws {
        let store = try kind.open()
        let user = try #require(try await store.addUser(StoreUnderTest.user("u")).user)
        for (group, day) in [("g", today), ("g", today.before(2)), ("h", today), ("i", today), (nil, today)] {
            var row = row(user, "\(group ?? "none") \(day.text)", day: day)
            row.group = group
            try await store.note([row], by: user)
        }
        let groups = GroupUse(since: ["g": today.before(1), "h": today.before(5), "absent": today.before(5)])

        for by in [[.model], [.model, .user]] as [[UsageQuery.Column]] {
            var query = UsageQuery(days: today.before(5)...today, by: by)
            query.groups = groups
            #expect(Set(try await store.usage(query).map { $0.values[0] }) == ["g \(today.text)", "h \(today.text)"])
            query.groups = GroupUse(since: [:])
            #expect(try await store.usage(query).isEmpty)
        }
        let rows = try await store.usageRows(today.before(5)...today, ofClient: nil, groups: groups)
        var models: [String?] = []
        while let some = try rows.next() { models += some.map(\.model) }
        #expect(models == ["h \(today.text)", "g \(today.text)"])
    }

    @Test(arguments: kinds) func `rows come back the last first`(kind: StoreUnderTest) async throws {
        let store = try kind.open()
        let client = try #require(try await store.addUser(StoreUnderTest.user("bot", role: .client)).user)
        let one = try #require(try await store.addUser(StoreUnderTest.user("u", owner: client)).user)
        let other = try #require(try await store.addUser(StoreUnderTest.user("v")).user)
        // More than is read at a time.
        for number in 0..<300 { try await store.note([row(one, "m\(number)")], by: one) }
        try await store.note([row(other, day: today.before(1))], by: other)

        func models(_ days: ClosedRange<Day>, _ client: String?) async throws -> [String?] {
            let rows = try await store.usageRows(days, ofClient: client, groups: nil)
            var models: [String?] = []
            while let some = try rows.next() { models += some.map(\.model) }
            return models
        }

        let all = try await models(today.before(3)...today, nil)
        #expect(all == (0..<300).reversed().map { "m\($0)" } + ["m"])
        #expect(try await models(today.before(3)...today, client.ledgerID).count == 300)
        #expect(try await models(today.before(1)...today.before(1), nil) == ["m"])
    }
}
