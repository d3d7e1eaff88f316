import Testing

@testable import Core

struct LimitsTests {
    @Test(arguments: [
        ("0", 0), ("12", 12_000_000_000), ("0.5", 500_000_000), ("1e-05", 10_000), ("1.50", 1_500_000_000),
        ("1E2", 100_000_000_000), ("0.000000001", 1), ("0.0000000010", 1), ("1000000000", 1_000_000_000_000_000_000),
        ("0e9", 0), ("00.5", 500_000_000),
    ])
    func readsAmounts(text: String, nano: Int) {
        #expect(Money(text: text)?.nano == nano)
    }

    @Test(arguments: [
        "", "-1", "+1", ".5", "1.", "1e", "1e99", "0.0000000001", "1000000001", "9999999999", "99999999999999999999",
        "1e20", "1.2.3", "a", "1 ", "1e5e5", "0.5e-9",
    ])
    func refusesWhatIsNoAmount(text: String) {
        #expect(Money(text: text) == nil)
    }

    @Test(arguments: ["0", "12", "0.5", "0.000000001", "1000000000", "3.141592653"])
    func writesAmountsAsTheyWere(text: String) {
        #expect(Money(text: text)?.text == text)
    }

    @Test func keepsNoneAndAbsentApart() throws {
        let json = try JSONReader.read(#"{"requests_per_minute":null,"cost_per_month":12.5,"tokens_per_day":0}"#)
        let limits = try Limits(json: json)

        #expect(limits[.requestsPerMinute] == Limits.Bound.none)
        #expect(limits.most(.costPerMonth) == 12_500_000_000)
        #expect(limits.most(.tokensPerDay) == 0)
        #expect(limits[.concurrent] == nil)
        #expect(try Limits(json: limits.json) == limits)
    }

    @Test func replacesTheDefaultKindByKind() {
        var standard = Limits()
        standard[.requestsPerMinute] = .most(20)
        standard[.concurrent] = .most(3)
        var own = Limits()
        own[.requestsPerMinute] = Limits.Bound.none

        let whole = own.over(standard)

        #expect(whole.most(.requestsPerMinute) == nil)
        #expect(whole.most(.concurrent) == 3)
    }

    @Test(arguments: [
        #"{"requests":1}"#, #"{"concurrent":-1}"#, #"{"concurrent":1.5}"#, #"{"concurrent":"3"}"#, #"[]"#,
        #"{"tokens_per_day":1e300}"#, #"{"cost_per_month":-0.5}"#,
    ])
    func refusesOtherMembersAndValues(text: String) throws {
        let json = try JSONReader.read(text)

        #expect(throws: Limits.Problem.self) { try Limits(json: json) }
    }

    @Test func `raises add up until they end, and never beyond what may be set`() throws {
        let now = Timestamp.now
        func raise(_ kind: Limits.Kind, _ more: Int, ends: Duration) -> LimitRaise {
            var by = Limits()
            by[kind] = .most(more)
            return LimitRaise(by: by, until: now + ends, reason: "A reason of ten characters")
        }
        var limits = Limits()
        limits[.concurrent] = .most(1)
        limits[.costPerMonth] = .most(Money.largest)
        limits[.tokensPerDay] = Limits.Bound.none

        let raised = limits.raised(
            by: [
                raise(.concurrent, 2, ends: .seconds(1)), raise(.concurrent, 4, ends: .seconds(1)),
                raise(.concurrent, 8, ends: .zero), raise(.tokensPerDay, 1, ends: .seconds(1)),
                raise(.costPerMonth, Money.largest, ends: .seconds(1)), raise(.tokensPerMonth, 1, ends: .seconds(1)),
            ], at: now)

        #expect(raised.most(.concurrent) == 7 && raised.most(.costPerMonth) == Money.largest)
        #expect(raised[.tokensPerDay] == Limits.Bound.none && raised[.tokensPerMonth] == nil)
    }

    @Test func aUserKeepsItsLimits() throws {
        var user = User(id: User.ID(owner: User.selfOwner, userID: "a"), username: "A")
        user.limits[.concurrent] = .most(2)
        user.userLimits[.tokensPerDay] = Limits.Bound.none
        user.raises = [LimitRaise(by: user.limits, until: Timestamp(microsecondsSinceEpoch: 1_000_000), reason: "Why")]

        let read = try #require(User(record: user.record))

        #expect(read == user)
    }
}
