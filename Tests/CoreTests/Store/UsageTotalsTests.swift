import Glibc
import Testing

@testable import Core

/// What the JSON files keep of the ledger, and what comes of damage.
struct UsageTotalsTests {
    private let directory = TemporaryDirectory()
    private let today = Day(utc: .now)

    private func row(_ turn: String? = nil, tokens: Int = 10, day: Day? = nil) -> UsageRow {
        var row = UsageRow(
            at: .now, day: day ?? today, account: "a", model: "m", kind: .chat,
            usage: TokenUsage(prompt: tokens, completion: 1))
        (row.user, row.turn) = ("1", turn)
        return row
    }

    private func tokens(_ store: JSONFileStore) throws -> Int {
        try store.usage(UsageQuery(days: days, by: [.user])).first?.usage.prompt ?? 0
    }

    private var days: ClosedRange<Day> { today.before(400)...today }

    private func onlyFile(_ store: JSONFileStore) throws -> RowFile {
        try #require(try RowFile.files(of: today, in: store.layout.usageRows).first)
    }

    @Test func `the rows of a call are found by its request, and by its account`() async throws {
        let store = try directory.store()
        for (request, account) in [("r1", "a"), ("r1", "b"), ("r2", "a")] {
            var row = UsageRow(
                at: .now, day: today, requestID: request, account: account, kind: .chat,
                usage: TokenUsage(prompt: 5, completion: 1))
            row.user = "1"
            try await store.note([row], by: nil)
        }
        let number = LimitCalendar().period(at: .now).day
        let (whole, part) = (LimitClaim.call("r1"), LimitClaim.call("r1", "b"))

        func found(_ days: Set<Int>, writer: Int) throws -> [UInt64: [String]] {
            try RowFile.rows(of: [whole, part, 7], writer: writer, days: days, in: store.layout.usageRows)
                .mapValues { $0.map(\.account) }
        }

        let writer = try onlyFile(store).writer
        #expect(try found([number - 1, number], writer: writer) == [whole: ["a", "b"], part: ["b"]])
        #expect(try found([number - 1], writer: writer).isEmpty)
        #expect(try found([number], writer: writer + 1).isEmpty)
    }

    @Test func `rows are folded once, however often and by whom`() async throws {
        let (one, other) = (try directory.store(), try directory.store())
        for _ in 0..<3 {
            try await one.note([row()], by: nil)
            try await other.note([row()], by: nil)
            #expect(try tokens(one) == tokens(other))
        }
        #expect(try tokens(one) == 60)
        try one.rebuildUsage()
        #expect(try tokens(other) == 60)
        #expect(try one.verifyUsage(days).count == 0)
    }

    @Test func `rows that come while the totals are made anew are in them`() async throws {
        let (one, other) = (try directory.store(), try directory.store())
        let rows = Task {
            for _ in 0..<300 {
                try await one.note([row()], by: nil)
                _ = try tokens(one)
            }
        }
        for _ in 0..<20 { try other.rebuildUsage() }
        try await rows.value

        #expect(try tokens(other) == 3000)
        #expect(try other.verifyUsage(days).count == 0)
    }

    @Test(arguments: ["", "no database at all, but long enough to be looked at as one of some kind"])
    func `totals that are gone or damaged are made anew`(content: String) async throws {
        let store = try directory.store()
        try await store.note([row()], by: nil)
        #expect(try tokens(store) == 10)
        for ending in ["-wal", "-shm", ""] { unlink(store.layout.usageTotals + ending) }
        if !content.isEmpty {
            try File(store.layout.usageTotals, O_WRONLY | O_CREAT).write(Array(content.utf8))
        }

        #expect(try tokens(store) == 10)
        #expect(try store.verifyUsage(days).count == 0)
    }

    @Test func `totals of another version are made anew`() async throws {
        let store = try directory.store()
        try await store.note([row()], by: nil)
        #expect(try tokens(store) == 10)
        try SQLite(store.layout.usageTotals).run("DELETE FROM u; DELETE FROM d; PRAGMA user_version = 77")

        #expect(try tokens(store) == 10)
    }

    @Test func `totals out of a backup are made anew, because they may not fit together`() async throws {
        let store = try directory.store()
        try await store.note([row()], by: nil)
        #expect(try tokens(store) == 10)
        try SQLite(store.layout.usageTotals).run("UPDATE u SET prompt = 77; PRAGMA wal_checkpoint(TRUNCATE)")
        #expect(try tokens(store) == 77)
        let bytes = try File(store.layout.usageTotals, O_RDONLY).readAll()
        try AtomicFile.write(bytes, to: store.layout.usageTotals, durable: false)

        #expect(try tokens(store) == 10)
    }

    @Test func `rows that a power cut took away are in no sum`() async throws {
        let store = try directory.store()
        try await store.note([row()], by: nil)
        let kept = try onlyFile(store).size
        try await store.note([row(), row()], by: nil)
        #expect(try tokens(store) == 30)

        try File(try onlyFile(store).path, O_RDWR).truncate(to: kept)
        #expect(try tokens(store) == 10)
        // The file is as long again as it was, with other rows.
        try await store.note([row(tokens: 20), row(tokens: 20)], by: nil)
        #expect(try tokens(store) == 50)
        unlink(try onlyFile(store).path)
        #expect(try tokens(store) == 0)
    }

    @Test func `a line that is not whole is passed over until it is`() async throws {
        let store = try directory.store()
        try await store.note([row()], by: nil)
        let line = ChecksummedLine.encode(row().json)
        let file = try File(try onlyFile(store).path, O_WRONLY | O_APPEND)
        try file.write(Array(line[..<40]))
        #expect(try tokens(store) == 10)
        try file.write(Array(line[40...]))
        #expect(try tokens(store) == 20)
    }

    @Test func `a check names what does not fit`() async throws {
        let store = try directory.store()
        try await store.note([row("t1"), row("t2"), row("t2")], by: nil)
        #expect(try tokens(store) == 30)
        #expect(try store.verifyUsage(days).differences == ["turn t2 has 2 rows"])

        try SQLite(store.layout.usageTotals).run("UPDATE u SET prompt = prompt + 1")
        #expect(try store.verifyUsage(days).differences.filter { $0.hasPrefix("the totals") }.count == 2)
        try store.rebuildUsage()

        try JSONFileStore.spoil("\"prompt\":10", with: "\"prompt\":99", in: try onlyFile(store).path)
        let check = try store.verifyUsage(days)
        #expect(check.rows == 2 && check.differences.contains { $0.contains("at byte 0: no row") })
    }

    @Test func `a turn in the archive without a row is found, and one of before the ledger is none`() async throws {
        let store = try directory.store()
        let user = try store.adding(StoreUnderTest.user("u"))
        var talk = Conversation(id: "c", origin: .account(Account.ID(rawValue: "a")))
        talk.turns = [Turn(id: "t1", prompt: "p", reply: "r", startedAt: .now)]
        #expect(try await store.finish(TurnEnd(of: talk, in: user.archive)))
        talk.turns.append(Turn(id: "t2", prompt: "p", reply: "r", startedAt: .now))
        #expect(try await store.finish(TurnEnd(of: talk, in: user.archive, rows: [row("t2")], by: user)))
        var check = try store.verifyUsage(days)
        #expect(check.turns == 1 && check.rows == 1 && check.count == 0)

        unlink(try onlyFile(store).path)
        check = try store.verifyUsage(days)
        #expect(check.differences == ["turn t2 of \(today.text) is in the archive and has no row"])
    }

    @Test func `the row of a turn whose conversation is gone stays`() async throws {
        let store = try directory.store()
        let user = try store.adding(StoreUnderTest.user("u"))
        #expect(try store.removeUser(user, keepConversations: false, withUsers: false) == .removed)
        var talk = Conversation(id: "c", origin: .account(Account.ID(rawValue: "a")))
        talk.turns = [Turn(id: "t1", prompt: "p", reply: "r", startedAt: .now)]

        #expect(try await !store.finish(TurnEnd(of: talk, in: user.archive, rows: [row("t1")], by: user)))

        #expect(try tokens(store) == 10)
        #expect(try store.verifyUsage(days).count == 0)
    }

    @Test func `what limits find is what each subject took, a client what it asked for itself, too`() async throws {
        let period = LimitCalendar().period(at: .now)
        let store = try directory.store()
        let days = [Day(CivilDay(number: period.day)), Day(CivilDay(number: period.day - 40))]
        for day in days {
            for (user, client, tokens) in [("1", String?.none, 1), ("2", "1", 10), ("3", "4", 100), ("4", nil, 1000)] {
                var row = UsageRow(
                    at: .now, day: day, account: "a", model: "m", kind: .chat,
                    usage: TokenUsage(prompt: tokens, completion: 0))
                (row.user, row.client) = (user, client)
                try await store.note([row], by: nil)
            }
        }

        let wanted: [(LimitSubject.Kind, String, Int)] = [
            (.user, "1", 1), (.user, "2", 10), (.client, "1", 11), (.client, "4", 1100), (.account, "a", 1111),
            (.model, "m", 1111), (.client, "9", 0),
        ]
        let found = try store.totals(of: wanted.map { LimitSubject($0.0, $0.1) }, in: period)

        for (kind, name, tokens) in wanted { #expect(found[LimitSubject(kind, name)]?.dayTokens == tokens) }
    }
}
