import Testing

@testable import Core

/// What is known of calls whose process died.
struct LostCallTests {
    private let directory = TemporaryDirectory()
    private let user = LimitSubject(.user, "1")
    /// At the beginning of day 20,000.
    private let moment = LimitsTable.Moment(
        boot: 0, time: Timestamp(microsecondsSinceEpoch: 20_000 * 86_400 * 1_000_000))

    private var path: String { "\(directory.path)/table" }

    /// - Parameter row: What the ledger has of any call.
    private func open(_ lost: LostCalls = LostCalls(), row: UsageRow? = nil) throws -> LimitsTable {
        try LimitsTable.open(path, boot: "b", lost: lost) { _, _, calls in
            Dictionary(uniqueKeysWithValues: row.map { row in calls.map { ($0, [row]) } } ?? [])
        }
    }

    private func origin(_ request: String, account: String? = nil) -> LimitClaim.Origin {
        LimitClaim.Origin(
            .v1, requestID: request, user: 7, client: 8, key: "0123456789abcdef", group: "g", model: "m",
            currency: "EUR", account: account)
    }

    /// Reserves and never settles, as a process that is killed.
    private func abandon(_ table: LimitsTable, _ origin: LimitClaim.Origin?) throws {
        _ = try take(table, origin)
    }

    private func take(_ table: LimitsTable, _ origin: LimitClaim.Origin?) throws -> Int {
        let claim = LimitClaim(
            [.init(user, Limits())], prompt: 1, completion: 1, origin: origin, in: LimitCalendar())
        let outcome = try table.locked { () throws(StoreError) in
            try table.reserve(claim, [user: PeriodTotal()], at: moment)
        }
        guard case .granted(let hold, _, _) = outcome else { throw StoreError(.busy, "reserve in", path: path) }
        return hold
    }

    @Test func `a call of a dead process that left no row is told of once, with whose it was`() throws {
        do {
            let table = try open()
            try abandon(table, origin("one"))
            try abandon(table, origin("one", account: "a"))
            try abandon(table, origin("two"))
            try abandon(table, nil)
        }
        let lost = LostCalls()

        let later = try open(lost)

        let calls = lost.take().sorted { $0.origin.requestID < $1.origin.requestID }
        #expect(calls.map(\.origin.requestID) == ["one", "two"])
        #expect(calls.map(\.origin.account) == ["a", nil] && calls.map(\.day) == [20_000, 20_000])
        let first = try #require(calls.first)
        #expect(first.origin.kind == .v1 && first.origin.user == 7 && first.origin.client == 8)
        #expect(first.origin.key == "0123456789abcdef" && first.origin.model == "m" && first.origin.currency == "EUR")
        #expect(first.group == LimitSubject(.group, "g").digest && first.at <= .now)
        #expect(lost.take().isEmpty)
        #expect(try later.giveBack() == false && lost.take().isEmpty)
        let running = try later.locked { later.find(user.digest).map { later.record($0).pointee.running } }
        #expect(running == 0)
    }

    @Test func `a call that left a row, or that was settled, is not lost`() throws {
        do {
            let table = try open()
            try abandon(table, origin("one"))
            let hold = try take(table, origin("two"))
            try table.locked { table.settle(hold, .used(tokens: 5, nano: 0), tick: moment.tick) }
        }
        let row = UsageRow(
            at: moment.time, day: Day(utc: moment.time), account: "a", kind: .v1,
            usage: TokenUsage(prompt: 4, completion: 3))
        let lost = LostCalls()

        _ = try open(lost, row: row)

        #expect(lost.take().isEmpty)
    }

    @Test func `a text that has no room is not known, and one of other letters is`() throws {
        var long = origin(String(repeating: "r", count: 48))
        long.model = String(repeating: "ü", count: 31) + "x"
        long.currency = "€"
        do { try abandon(try open(), long) }
        let lost = LostCalls()

        _ = try open(lost)

        let call = try #require(lost.take().first)
        #expect(call.origin.requestID.isEmpty && call.origin.model == long.model && call.origin.currency == "€")
    }
}
