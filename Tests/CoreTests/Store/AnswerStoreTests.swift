import Glibc
import Testing

@testable import Core

struct AnswerStoreTests {
    private let directory = TemporaryDirectory()

    private func answer(_ body: String = "{}") -> IdempotentResponse {
        IdempotentResponse(bodyDigest: "d", contentType: "application/json", body: body)
    }

    private func adding(_ id: String, to store: JSONFileStore) throws -> User {
        try store.adding(User(id: User.ID(owner: User.selfOwner, userID: id), username: id))
    }

    @Test func `answers go with their user`() throws {
        let store = try directory.store()
        let user = try adding("u1", to: store)
        try store.storeAnswer(answer(), as: "one", of: user.archive)
        #expect(try store.answer("one", of: user.archive)?.body == "{}")

        #expect(try store.removeUser(user, keepConversations: true, withUsers: false) == .removed)
        try store.storeAnswer(answer(), as: "late", of: user.archive)

        #expect(!Directory.exists(store.layout.answers(of: user.archive)))
        let next = try adding("u1", to: store)
        #expect(try store.answer("one", of: next.archive) == nil)
    }

    @Test func `many answers push out their own user's oldest only`() throws {
        let store = try directory.store()
        let (many, one) = (try adding("many", to: store), try adding("one", to: store))
        try store.storeAnswer(answer(), as: "mine", of: one.archive)
        try store.storeAnswer(answer(), as: "first", of: many.archive)
        var past = timeval(tv_sec: time(nil) - 60, tv_usec: 0)
        let times = [past, past]
        past.tv_sec = 0
        #expect(utimes(store.layout.answer("first", of: many.archive), times) == 0)
        for number in 0..<JSONFileStore.AnswerLimit.perUser.count {
            try store.storeAnswer(answer(), as: "a\(number)", of: many.archive)
        }

        let kept = try Directory.names(in: store.layout.answers(of: many.archive))
        #expect(kept.count == JSONFileStore.AnswerLimit.perUser.count)
        #expect(try store.answer("first", of: many.archive) == nil)
        #expect(try store.answer("mine", of: one.archive) != nil)
    }

    @Test func `a sweep removes answers after a day and those of the version before, too`() throws {
        let store = try directory.store()
        let user = try adding("u1", to: store)
        for digest in ["old", "new"] { try store.storeAnswer(answer(), as: digest, of: user.archive) }
        let flat = "\(store.layout.answers)/flat.json"
        try AtomicFile.write(answer().record.bytes, to: flat, durable: false)
        let past = timeval(tv_sec: time(nil) - 90_000, tv_usec: 0)
        for path in [flat, store.layout.answer("old", of: user.archive)] { #expect(utimes(path, [past, past]) == 0) }

        try store.sweep()

        #expect(try Directory.names(in: store.layout.answers(of: user.archive)) == ["new.json"])
        #expect(!Directory.exists(flat))
    }

    @Test func `an answer of the version before is found for a user who has no number`() throws {
        let store = try directory.store()
        let old = ArchiveID(of: User.ID(owner: User.selfOwner, userID: "u1"), number: nil)
        try AtomicFile.write(answer("kept").record.bytes, to: "\(store.layout.answers)/one.json", durable: false)
        #expect(try store.answer("one", of: old)?.body == "kept")
    }

    @Test func `a sweep follows no link to a directory`() throws {
        let store = try directory.store()
        let outside = "\(directory.path)/outside"
        try Directory.create(outside)
        let victims = ["x.json", "y.tmp", "z.\(1 << 22 + 1)-1.tmp", "owner.json"].map { "\(outside)/\($0)" }
        let past = timeval(tv_sec: 1, tv_usec: 0)
        for victim in victims {
            try AtomicFile.write(Array("{}".utf8), to: victim, durable: false)
            #expect(utimes(victim, [past, past]) == 0)
        }
        for place in ["answers/ab", "trash/t", "conversations/00/dead", "removals/r", "keys/00/k"] {
            #expect(symlink(outside, "\(store.layout.root)/\(place)") == 0)
        }

        try store.sweep()

        for victim in victims { #expect(Directory.exists(victim), "\(victim)") }
    }
}
