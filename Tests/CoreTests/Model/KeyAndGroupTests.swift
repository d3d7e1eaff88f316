import Testing

@testable import Core

struct KeyAndGroupTests {
    @Test func `a key of the version before gets an id of its own, all scopes, and the name default`() throws {
        let old: JSON = [
            "user_id": "u", "owner": "self",
            "keys": [["digest": "d1", "last_four": "1234"], ["digest": "d2", "from_later": 5]],
        ]
        let keys = try #require(User(record: old)).keys
        #expect(keys.map(\.id) == (try #require(User(record: old)).keys.map(\.id)), "it is the same each time")
        #expect(Set(keys.map(\.id)).count == 2 && keys.allSatisfy { $0.id.utf8.count == 16 })
        #expect(keys[0].name == "default" && keys[1].name == "key \(keys[1].id)")
        #expect(keys.allSatisfy { $0.isUnrestricted && $0.isLasting })
        #expect(keys[1].record["from_later"]?.int == 5)
    }

    @Test(arguments: ["expires_at", "not_before", "scopes", "models", "group", "limits", "former"])
    func `a bound of a key that cannot be read makes the record unreadable`(member: String) {
        var key = JSONObject()
        key["digest"] = "d1"
        key[member] = 5
        #expect(User(record: ["user_id": "u", "owner": "self", "keys": [.object(key)]]) == nil)
    }

    @Test func `a key is stored and read again`() throws {
        var key = User.Key(.generate(), name: "n")
        key.note = "note"
        key.notBefore = .now
        key.expiresAt = .now + .seconds(5)
        key.scopes = [.recall, .chat]
        key.models = ["m"]
        key.group = "g"
        key.limits[.concurrent] = Limits.Bound.none
        key.former = User.Key.Former(digest: "d", lastFour: "4321", until: .now)
        #expect(User.Key(record: key.record) == key)
    }

    @Test func `a later scope is none of this version's, and no key gets others for it`() throws {
        let key = try #require(User.Key(record: ["digest": "d", "scopes": ["chat", "telepathy"]]))
        #expect(key.scopes == [.chat])
        #expect(try #require(User.Key(record: ["digest": "d", "scopes": ["telepathy"]])).scopes.isEmpty)
    }

    @Test func `what a key gives beyond another is found in every member`() {
        let all = User.Key(.generate())
        var other = all
        #expect(all.excess(over: other) == nil)
        other.scopes.remove(.v1)
        #expect(all.excess(over: other) == "scopes" && other.excess(over: all) == nil)
        other = all
        other.models = ["a"]
        #expect(all.excess(over: other) == "models")
        other = all
        other.expiresAt = .now
        #expect(all.excess(over: other) == "expires_at" && other.excess(over: all) == nil)
        other = all
        other.group = "g"
        #expect(all.excess(over: other) == "group")
        other = all
        other.limits[.tokensPerDay] = .most(5)
        #expect(all.excess(over: other) == "limits" && other.excess(over: all) == nil)
    }

    @Test func `allowed models unite and cut as sets do, byte by byte`() {
        let (a, ab, none) = (
            AllowedModels(["a"]), AllowedModels(["a", "b"]), AllowedModels(["a"]).intersection(AllowedModels(["b"]))
        )
        #expect(!none.contains("a") && !none.areAll && none.isWithin(a))
        #expect(a.union(.all).areAll && a.intersection(.all) == a && AllowedModels.all.intersection(a) == a)
        #expect(a.union(ab).contains("b") && !a.contains("b") && a.isWithin(ab) && !ab.isWithin(a))
        #expect(!AllowedModels.all.isWithin(a) && a.isWithin(.all))
        #expect(!AllowedModels(["é"]).contains("e\u{301}"))
    }

    @Test func `a person may do what any of its groups allows, as far as the key does`() {
        let user = User(id: User.ID(owner: "self", userID: "u"), username: "u")
        var (one, two) = (Group(id: "one"), Group(id: "two"))
        one.models = ["a"]
        two.models = ["b"]
        two.hasPlus = true
        var key = User.Key(.generate())
        key.models = ["b", "c"]

        let rights = Rights(of: user, in: [one, two], keys: [key], charged: one)

        #expect(rights.hasPlus && rights.models.contains("b") && rights.group == one)
        #expect(!rights.models.contains("a") && !rights.models.contains("c"))
        #expect(Rights(of: user, in: [], keys: [], charged: nil).models.areAll)
    }

    @Test func `a group is stored and read again, with members of a version to come`() throws {
        var group = Group(id: "g", name: "G")
        let members: [(String, JSON)] = [
            ("kind", "course"), ("owners", ["a", "c/b", ["user_id": "d"]]), ("sso_values", ["s"]),
            ("models", ["m"]), ("plus", true), ("limits", ["concurrent": 3]), ("member_limits", ["cost_per_month": 5]),
            ("cost_center", "4711"), ("valid_from", "2027-01-01T00:00:00Z"), ("valid_until", "2027-02-01T00:00:00Z"),
            ("archive", "metadata"), ("retention_days", 30), ("locations", ["local"]),
            ("windows", [["from": "2027-01-01T08:00:00Z", "until": "2027-01-01T10:00:00Z", "action": "pause"]]),
        ]
        for (name, value) in members { try group.set(name, to: value) }
        try group.check()
        group.others["colour"] = "red"

        let read = try #require(Group(record: group.record))

        #expect(read == group && read.record["colour"]?.string == "red")
        #expect(Set(members.map(\.0) + ["name"]) == Set(Group.settable))
        for name in Group.settable {
            var corrupt = try #require(group.record.object)
            corrupt[name] = -1
            #expect(Group(record: .object(corrupt)) == nil, "\(name)")
            try group.set(name, to: .null)
        }
        #expect(group.models.isEmpty && group.validUntil == nil && group.archive == .full && group.name == "g")
    }

    @Test func `a group is valid from its beginning up to its end`() throws {
        var group = Group(id: "g")
        try group.set("valid_from", to: "2027-01-01T00:00:00Z")
        try group.set("valid_until", to: "2027-02-01T00:00:00Z")
        let (from, until) = (try #require(group.validFrom), try #require(group.validUntil))
        #expect(group.isValid(at: from) && !group.isValid(at: from + .microseconds(-1)))
        #expect(!group.isValid(at: until) && group.isValid(at: until + .microseconds(-1)))
        try group.set("valid_until", to: "2026-12-31T00:00:00Z")
        #expect(throws: Group.Problem.self) { try group.check() }
    }

    @Test func `who was an owner and is somebody else now is none`() {
        var group = Group(id: "g")
        var user = User(id: User.ID(owner: "self", userID: "u"), username: "u")
        user.number = 1
        group.owners = [Group.Owner(user)]
        #expect(group.isOwned(by: user))
        user.number = 2
        #expect(!group.isOwned(by: user))
    }
}
