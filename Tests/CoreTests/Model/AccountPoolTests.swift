import Testing

@testable import Core

struct AccountPoolTests {
    private let now = Timestamp(microsecondsSinceEpoch: 1_800_000_000_000_000)
    private let members = ["a", "b", "c", "d"].map {
        Account(id: Account.ID(rawValue: $0), kind: .openAI(Account.OpenAI(baseURL: "http://127.0.0.1:1")))
    }

    /// In which order accounts are taken where each has one slot; `last` had the turn before.
    private func order(
        after last: String? = nil, health: [String: AccountHealth] = [:], excluding tried: Set<String> = []
    ) -> String {
        let choice = AccountChoice(
            .round("r"), among: members, excluding: Set(tried.map(Account.ID.init(rawValue:))))
        let start = members.firstIndex { $0.id.rawValue == last }.map { $0 + 1 } ?? 0
        var taken: [Int] = []
        while case .taken = choice.pick(
            from: start, at: now, health: { health[members[$0].id.rawValue] ?? AccountHealth() },
            take: { index in
                guard !taken.contains(index) else { return false }
                taken.append(index)
                return true
            })
        {}
        return taken.map { members[$0].id.rawValue }.joined()
    }

    private func resting(_ duration: Duration) -> AccountHealth {
        var health = AccountHealth()
        health.state = .resting(until: now + duration)
        return health
    }

    @Test(
        arguments: [(nil, "abcd"), ("a", "bcda"), ("c", "dabc"), ("d", "abcd"), ("gone", "abcd")] as [(String?, String)]
    )
    func `the round goes on behind the last account`(last: String?, expected: String) {
        #expect(order(after: last) == expected)
    }

    @Test func `who rests, is disabled or was tried is left out`() {
        var disabled = AccountHealth()
        disabled.state = .disabled
        #expect(order(after: "a", health: ["b": resting(.seconds(1)), "d": resting(.zero)]) == "cda")
        #expect(order(health: ["a": disabled], excluding: ["c"]) == "bd")
        #expect(order(excluding: ["a", "b", "c", "d"]) == "")
    }

    @Test func `a disabling of other settings does not count`() {
        var disabled = AccountHealth()
        disabled.state = .disabled
        disabled.fingerprint = "of other settings"
        #expect(order(health: ["a": disabled]) == "abcd")
    }

    @Test func `who is suspect comes last`() {
        var suspect = AccountHealth()
        suspect.suspect("status 500", by: "u", at: now)
        #expect(order(after: "a", health: ["b": suspect]) == "cdab")
    }

    @Test func `full accounts are told from those that are out`() {
        let choice = AccountChoice(.round("r"), among: members)
        func pick(_ health: AccountHealth?) -> AccountChoice.Pick {
            choice.pick(from: 0, at: now, health: { _ in health }, take: { _ in false })
        }
        #expect(pick(AccountHealth()) == .busy)
        #expect(pick(resting(.seconds(5))) == .unavailable)
        #expect(pick(nil) == .unknown)
        let probe = AccountChoice(.probe, among: members)
        #expect(probe.pick(from: 0, at: now, health: { _ in nil }, take: { $0 == 2 }) == .taken(2))
    }

    @Test func `a round is named by the accounts that come into question`() {
        let pool = AccountPool(members)
        #expect(pool.round(.free, among: members) == "free")
        #expect(pool.round(.free, among: [members[0]]) != pool.round(.free, among: [members[1]]))
        #expect(pool.round(.free, among: members.reversed()) != "free")
    }

    @Test func `the first return is that of the shortest rest`() {
        let health = [
            members[0].id: resting(.seconds(30)), members[1].id: resting(.seconds(7)), members[2].id: resting(.zero),
        ]
        #expect(AccountPool.firstReturn(members, health: health, at: now) == .seconds(7))
        #expect(AccountPool.firstReturn(members, health: [:], at: now) == nil)
    }
}
