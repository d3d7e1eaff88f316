import Glibc
import Testing

@testable import Core

struct UserSearchTests {
    private let directory = TemporaryDirectory()

    private func user(
        _ id: String, _ name: String, owner: String = "self", ownerNumber: Int? = nil, role: User.Role = .user,
        plus: Bool = false, at seconds: Int = 0
    ) -> User {
        User(
            id: User.ID(owner: owner, userID: id), ownerNumber: ownerNumber, username: name, role: role, hasPlus: plus,
            createdAt: Timestamp(microsecondsSinceEpoch: Int64(seconds) * 1_000_000))
    }

    private func query(_ text: String = "", _ change: (inout UserQuery) -> Void = { _ in }) -> UserQuery {
        var query = UserQuery()
        query.text = text
        change(&query)
        return query
    }

    private func ids(_ store: JSONFileStore, _ query: UserQuery) throws -> [String] {
        try store.findUsers(query).users.map(\.id.userID)
    }

    @Test func `a user is found by a part of its id or name, whatever its case and accents`() throws {
        let store = try directory.store()
        _ = try store.adding(user("ada-1", "Émilie du Châtelet"))
        _ = try store.adding(user("Bob.2", "Robert Łuczak"))

        for text in ["emilie", "CHATELET", "lie du", "châ", "ada", "A-1", "du emi", "  ada  chat "] {
            #expect(try ids(store, query(text)) == ["ada-1"], "\(text)")
        }
        #expect(try ids(store, query("lucz")) == ["Bob.2"])
        #expect(try ids(store, query("bob.2")) == ["Bob.2"])
        for text in ["emilie bob", "adab", "self", "ada-1 x"] {
            #expect(try ids(store, query(text)) == [], "\(text)")
        }
        #expect(try store.findUsers(query()).total == 2)
    }

    @Test func `an owner whose id is longer than those of users finds none of them`() throws {
        let store = try directory.store()
        _ = try store.adding(user("a", "A"))

        for name in ["a-very-long-id-of-nobody", "self", "xself", "elf"] {
            let found = try ids(store, query { $0.owner = UserQuery.Owner(userID: name, number: nil) })
            #expect(found == (name == "self" ? ["a"] : []), "\(name)")
        }
    }

    @Test func `what other processes do is seen by the next search`() throws {
        let (store, other) = (try directory.store(), try directory.store())
        for number in 0..<300 { _ = try other.adding(user("u\(number)", "Name \(number)")) }
        #expect(try store.findUsers(query("name")).total == 300)

        for round in 0..<20 {
            let ada = try other.adding(user("x", "Ada \(round)"))
            #expect(try ids(store, query("ada \(round)")) == ["x"])
            _ = try other.updateUser(ada, UserChange(username: "Bea \(round)", isDisabled: true))
            #expect(try ids(store, query("ada \(round)")) == [])
            let found = try store.findUsers(query("bea \(round)") { $0.isDisabled = true })
            #expect(found.users.map(\.username) == ["Bea \(round)"])
            _ = try other.removeUser(ada, keepConversations: false, withUsers: false)
            #expect(try store.findUsers(query("bea")).total == 0)
        }
        #expect(try store.findUsers(query()).total == 300)
    }

    @Test func `roles, plus and states narrow what is found`() throws {
        let store = try directory.store()
        _ = try store.adding(user("a", "a", role: .admin))
        _ = try store.adding(user("c", "c", role: .client, plus: true))
        let ada = try store.adding(user("u", "u", plus: true))
        _ = try store.adding(user("v", "v"))
        _ = try store.updateUser(ada, UserChange(isDisabled: true))

        func found(_ change: (inout UserQuery) -> Void) throws -> Set<String> { Set(try ids(store, query("", change))) }
        #expect(try found { $0.roles = [.user] } == ["u", "v"])
        #expect(try found { $0.roles = [.admin, .client] } == ["a", "c"])
        #expect(try found { $0.hasPlus = true } == ["c", "u"])
        #expect(try found { $0.hasPlus = false } == ["a", "v"])
        #expect(try found { $0.isDisabled = true } == ["u"])
        #expect(try found { ($0.roles, $0.hasPlus, $0.isDisabled) = ([.user], false, false) } == ["v"])
    }

    @Test func `users of a client are those of the client that is there now`() throws {
        let store = try directory.store()
        let bot = try store.adding(user("bot", "bot", role: .client))
        _ = try store.adding(user("x", "x", owner: "bot", ownerNumber: bot.number))
        _ = try store.adding(user("xbot", "other"))

        func found(_ owner: String, _ number: Int?) throws -> [String] {
            try ids(store, query { $0.owner = UserQuery.Owner(userID: owner, number: number) })
        }
        #expect(try found("bot", bot.number) == ["x"])
        #expect(try found("bot", 7) == [])
        #expect(try found("ot", bot.number) == [])
        #expect(Set(try found("self", nil)) == ["bot", "xbot"])

        _ = try store.removeUser(bot, keepConversations: false, withUsers: true)
        #expect(try store.findUsers(query()).users.map(\.id.userID) == ["xbot"])
    }

    @Test(arguments: UserQuery.Sort.allCases, [true, false])
    func `pages hold everybody once, in order, while users come and go`(sort: UserQuery.Sort, isAscending: Bool) throws
    {
        let store = try directory.store()
        for number in 0..<40 {
            // Names and times that several have.
            _ = try store.adding(user("u\(number)", "Name \(number % 7)", at: number % 5))
        }
        var seen: [User] = []
        var after: UserPlace?
        var pages = 0
        repeat {
            let page = try store.findUsers(
                query {
                    ($0.sort, $0.isAscending, $0.limit, $0.after) = (sort, isAscending, 7, after)
                })
            seen += page.users
            // Through its text, as callers have it.
            after = try page.next.map { try #require(UserPlace($0.text)) }
            pages += 1
            // The last of the page goes: the next page begins where it would have.
            if pages == 2, let last = page.users.last {
                _ = try store.removeUser(last, keepConversations: false, withUsers: false)
                #expect(try store.findUsers(query()).total == 39)
            }
        } while after != nil && pages < 20

        #expect(pages == 6)
        #expect(seen.count == 40 && Set(seen.map(\.id)).count == 40)
        let keys = seen.map { user in
            switch sort {
            case .createdAt: "\(user.createdAt.rfc3339)"
            case .username: user.username
            case .userID: user.id.userID
            }
        }
        #expect(keys == (isAscending ? keys.sorted() : keys.sorted().reversed()))
    }

    @Test(arguments: [
        "", "x", "..", "0.0.", "00112233445566778899aabbccddeeff.1", "00112233445566778899aabbccddeeff.x.",
        "00112233445566778899aabbccddeeff.1.0", "00112233445566778899aabbccddeeff.1.zz",
        "00112233445566778899aabbccddeeff.99999999999999999999.", "00112233445566778899aabbccddeeff.1..1",
    ])
    func `what is no place is refused`(text: String) {
        #expect(UserPlace(text) == nil)
    }

    @Test func `a record that cannot be read hides nobody else`() throws {
        let store = try directory.store()
        let bad = try store.adding(user("bad", "bad"))
        _ = try store.adding(user("good", "good"))
        #expect(try store.findUsers(query()).total == 2)
        try AtomicFile.write(Array("{".utf8), to: store.layout.user(bad.id.digest), durable: false)

        for _ in 0..<2 { #expect(try ids(store, query()) == ["good"]) }
    }
}
