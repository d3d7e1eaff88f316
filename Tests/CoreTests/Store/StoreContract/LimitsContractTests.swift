import Testing

@testable import Core

/// What every store must do for limits.
struct LimitsContractTests {
    private func claim(_ kind: Limits.Kind, _ most: Int, _ names: [String] = ["1"]) -> LimitClaim {
        var limits = Limits()
        limits[kind] = .most(most)
        return LimitClaim(
            names.map { .init(LimitSubject(.user, $0), limits) }, prompt: 20, completion: 80, in: LimitCalendar())
    }

    private func take(_ store: any Store, _ claim: LimitClaim, timeout: Duration = .zero) async throws -> LimitHold? {
        if case .granted(let hold) = try await store.reserve(claim, timeout: timeout) { hold } else { nil }
    }

    @Test(arguments: StoreUnderTest.all)
    func `a limit holds over all workers`(store: StoreUnderTest) async throws {
        let workers = try store.open(workers: 4)
        let claim = claim(.requestsPerMinute, 20)

        let granted = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    guard let hold = try await take(workers[number % 4], claim) else { return false }
                    hold.settle(.used(tokens: 1, nano: 0))
                    return true
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }

        #expect(granted == 20)
        #expect(try await workers[0].standings(of: claim).map(\.used) == [20])
    }

    @Test(arguments: StoreUnderTest.all)
    func `tokens end exactly at their limit, whoever waits for them`(store: StoreUnderTest) async throws {
        let workers = try store.open(workers: 2)
        let claim = claim(.tokensPerDay, 1000)

        let granted = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<50 {
                group.addTask {
                    guard let hold = try await take(workers[number % 2], claim, timeout: .seconds(20)) else {
                        return false
                    }
                    hold.settle(.used(tokens: 100, nano: 0))
                    return true
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }

        #expect(granted == 10)
        let standing = try #require(try await workers[1].standings(of: claim).first)
        #expect((standing.used, standing.reserved) == (1000, 0))
    }

    @Test(arguments: StoreUnderTest.all)
    func `who waits for another's call goes on when that ends`(store: StoreUnderTest) async throws {
        let workers = try store.open(workers: 2)
        let claim = claim(.concurrent, 1)
        var first = try await take(workers[0], claim)
        #expect(first != nil)

        async let second = take(workers[1], claim, timeout: .seconds(20))
        #expect(try await take(workers[0], claim) == nil)
        first = nil

        #expect(try await second != nil)
    }

    @Test(arguments: StoreUnderTest.all)
    func `what reached no upstream counts as nothing`(store: StoreUnderTest) async throws {
        let store = try store.open()
        let claim = claim(.requestsPerMinute, 1)

        for _ in 0..<3 { #expect(try await take(store, claim) != nil) }

        #expect(try await store.standings(of: claim).map(\.used) == [0])
    }

    @Test(arguments: StoreUnderTest.all)
    func `one limit of several refuses, and tells which`(store: StoreUnderTest) async throws {
        let store = try store.open()
        let held = try await take(store, claim(.concurrent, 1, ["2"]))

        let refused = try await store.reserve(claim(.concurrent, 1, ["1", "2"]), timeout: .zero)

        guard case .refused(let report) = refused else {
            Issue.record("granted")
            return
        }
        #expect(report.refused?.subject == LimitSubject(.user, "2"))
        #expect(try await take(store, claim(.concurrent, 1)) != nil)
        withExtendedLifetime(held) {}
    }
}
