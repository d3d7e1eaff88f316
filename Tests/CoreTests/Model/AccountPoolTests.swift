import Testing

@testable import Core

struct AccountPoolTests {
    private let now = Timestamp(microsecondsSinceEpoch: 1_800_000_000_000_000)
    private let members = ["a", "b", "c", "d"].map {
        Account(id: Account.ID(rawValue: $0), kind: .openAI(Account.OpenAI(baseURL: "http://127.0.0.1:1")))
    }

    private func order(
        after last: String? = nil, health: [String: AccountHealth] = [:], excluding tried: Set<String> = []
    ) -> String {
        let health = Dictionary(uniqueKeysWithValues: health.map { (Account.ID(rawValue: $0), $1) })
        return AccountPool.order(
            members, after: last.map(Account.ID.init(rawValue:)), health: health,
            excluding: Set(tried.map(Account.ID.init(rawValue:))), at: now
        ).map(\.id.rawValue).joined()
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

    @Test func `the first return is that of the shortest rest`() {
        let health = [
            members[0].id: resting(.seconds(30)), members[1].id: resting(.seconds(7)), members[2].id: resting(.zero),
        ]
        #expect(AccountPool.firstReturn(members, health: health, at: now) == .seconds(7))
        #expect(AccountPool.firstReturn(members, health: [:], at: now) == nil)
    }
}
