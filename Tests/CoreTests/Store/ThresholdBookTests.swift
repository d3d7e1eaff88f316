import Glibc
import Testing

@testable import Core

struct ThresholdBookTests {
    private let directory = TemporaryDirectory()

    private func call(_ number: Int, end: Duration = .seconds(3600)) -> ThresholdCall {
        let id = String(Hex.sha256(String(number)).prefix(32))
        return ThresholdCall(
            id: id, at: Timestamp(microsecondsSinceEpoch: Int64(number)), end: .now + end,
            body: ["id": JSON(id), "used": .number("0.10")])
    }

    private func open(_ store: JSONFileStore) throws -> ThresholdBook { try #require(try store.thresholdBook()) }

    @Test func `one process has it at a time`() throws {
        let store = try directory.store()
        var book = try store.thresholdBook()
        #expect(book != nil)
        #expect(try store.thresholdBook() == nil)
        book = nil
        #expect(try store.thresholdBook() != nil)
    }

    @Test func `what was noted is not noted again, and waits until it has ended, whoever has the book`() throws {
        let store = try directory.store(durability: .fsync)
        let (one, other, third) = (call(1), call(2), call(3))
        do {
            let book = try open(store)
            #expect(try book.note([other, one, other]) == 0)
            #expect(try book.note([one]) == 0)
            #expect(book.waiting == [other, one])
            try book.end(one.id)
            #expect(book.waiting == [other])
        }
        for _ in 0..<2 {
            let book = try open(store)
            #expect(book.waiting == [other], "with the same bytes")
            #expect(book.isNoted(one.id) && book.isNoted(other.id) && !book.isNoted(third.id))
            #expect(try book.note([one, other]) == 0)
            #expect(book.waiting == [other])
        }
    }

    @Test func `marks of periods that are over are forgotten, calls that wait are not`() throws {
        let store = try directory.store()
        let (over, waiting) = (call(1, end: .seconds(-1)), call(2, end: .seconds(-1)))
        do {
            let book = try open(store)
            #expect(try book.note([over, waiting]) == 0)
            try book.end(over.id)
        }
        let book = try open(store)
        #expect(!book.isNoted(over.id) && book.waiting == [waiting])
    }

    @Test func `a line that a kill cut off is passed over`() throws {
        let store = try directory.store()
        do { _ = try open(store).note([call(1), call(2)]) }
        let path = store.layout.thresholds
        let size = try File(path, O_RDONLY).readAll().count
        #expect(truncate(path, off_t(size - 5)) == 0)

        let book = try open(store)
        #expect(book.waiting.map(\.id) == [call(1).id])
        #expect(try book.note([call(2)]) == 0)
        #expect(book.waiting.count == 2)
    }

    @Test func `without room nothing is noted, so that it can be later`() throws {
        let book = try open(try directory.store())
        let calls = (0...ThresholdBook.mostWaiting).map { call($0) }
        #expect(try book.note(calls) == 1)
        #expect(!book.isNoted(calls[calls.count - 1].id))
        try book.end(calls[0].id)
        #expect(try book.note(calls) == 0)
        #expect(book.isNoted(calls[calls.count - 1].id))
    }

    @Test func `rows are read once, whoever folds them, and those of before are passed over`() async throws {
        let (store, other) = (try directory.store(), try directory.store())
        func write(_ user: String, _ store: JSONFileStore) async throws {
            var row = UsageRow(
                at: .now, day: Day(utc: .now), account: "a", model: "m", kind: .chat,
                usage: TokenUsage(prompt: 1, completion: 1))
            (row.user, row.client, row.group, row.key) = (user, "9", "g", "k")
            try await store.note([row], by: nil)
        }
        try await write("1", store)
        let book = try open(store)
        #expect(try book.newRows().isEmpty)
        try await write("2", store)
        try await write("3", other)
        _ = try other.usage(UsageQuery(days: Day(utc: .now)...Day(utc: .now), by: [.user]))
        #expect(Set(try book.newRows().map(\.names.user)) == ["2", "3"])
        #expect(try book.newRows().isEmpty)

        let first = Day(utc: .now).before(1)
        func users(after last: String, since day: Day = first) throws -> UsersOfLedger {
            try book.users(after: last, since: day, limit: 2)
        }
        #expect(try users(after: "").names.map(\.user) == ["1", "2"] && users(after: "").last == "2")
        #expect(try users(after: "2").names == [UsageRow.Names(user: "3", client: "9", key: "k", group: "g")])
        #expect(try users(after: "2").last == nil)
        let never = try #require(Day("2999-01-01"))
        #expect(try users(after: "", since: never).names.isEmpty && users(after: "", since: never).last == "2")
    }
}
