import Synchronization
import Testing

@testable import Core

/// What every store must do with accounts; two stores are two workers.
struct AccountsContractTests {
    private static let kinds = StoreUnderTest.all
    private let accounts = ["a", "b", "c"].map { StoreUnderTest.account($0) }

    private func reserve(
        _ store: any Store, _ choice: AccountChoice, timeout: Duration = .zero
    ) async throws -> AccountLease? {
        if case .reserved(let lease) = try await store.reserve(choice, timeout: timeout) { lease } else { nil }
    }

    @Test(arguments: kinds) func `accounts go strictly in turn over all workers`(kind: StoreUnderTest) async throws {
        let workers = try kind.open(workers: 3)
        var taken: [String] = []
        for number in 0..<30 {
            let choice = AccountChoice(.round("free"), among: accounts)
            taken.append(try #require(try await reserve(workers[number * 7 % 3], choice)).account.id.rawValue)
        }
        #expect(taken == (0..<30).map { ["a", "b", "c"][$0 % 3] })
    }

    @Test(arguments: kinds) func `turns that begin at once are spread evenly`(kind: StoreUnderTest) async throws {
        let workers = try kind.open(workers: 2)
        let counts = try await withThrowingTaskGroup(of: String?.self) { group in
            for number in 0..<300 {
                group.addTask {
                    let choice = AccountChoice(.round("free"), among: accounts)
                    return try await reserve(workers[number % 2], choice)?.account.id.rawValue
                }
            }
            return try await group.reduce(into: [String?: Int]()) { $0[$1, default: 0] += 1 }
        }
        #expect(counts == ["a": 100, "b": 100, "c": 100])
    }

    @Test(arguments: kinds) func `rounds do not move each other, nor do follow-ups`(kind: StoreUnderTest) async throws {
        let store = try kind.open()
        func next(_ round: String) async throws -> String? {
            try await reserve(store, AccountChoice(.round(round), among: accounts))?.account.id.rawValue
        }
        #expect(try await next("one") == "a")
        #expect(try await next("other") == "a")
        #expect(try await reserve(store, AccountChoice(.followUp, among: [accounts[2]])) != nil)
        #expect(try await next("one") == "b")
        #expect(try await next("other") == "b")
    }

    @Test(arguments: kinds) func `an account has no more turns than its limit`(kind: StoreUnderTest) async throws {
        let workers = try kind.open(workers: 2)
        let choice = AccountChoice(.round("free"), among: [StoreUnderTest.account("a", maxConcurrent: 2)])
        var leases: [AccountLease?] = []
        for worker in workers { leases.append(try await reserve(worker, choice)) }
        #expect(!leases.contains { $0 == nil })
        #expect(try await reserve(workers[0], choice) == nil)
        #expect(try await workers[1].status(of: choice.members[0].id).inFlight == 2)

        leases[1] = nil

        #expect(try await workers[1].status(of: choice.members[0].id).inFlight == 1)
        #expect(try await reserve(workers[0], choice) != nil)
    }

    @Test(arguments: kinds) func `turns without a limit are counted, too`(kind: StoreUnderTest) async throws {
        let store = try kind.open()
        var leases: [AccountLease?] = []
        for _ in 0..<50 { leases.append(try await reserve(store, AccountChoice(.followUp, among: [accounts[0]]))) }
        #expect(try await store.status(of: accounts[0].id).inFlight == 50)
        leases.removeAll()
        #expect(try await store.status(of: accounts[0].id).inFlight == 0)
    }

    @Test(arguments: kinds) func `the limit holds under many callers of several workers`(kind: StoreUnderTest)
        async throws
    {
        let workers = try kind.open(workers: 3)
        let choice = AccountChoice(.round("free"), among: [StoreUnderTest.account("a", maxConcurrent: 3)])
        let running = Shared(0)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<60 {
                group.addTask {
                    let lease = try #require(try await reserve(workers[number % 3], choice, timeout: .seconds(30)))
                    defer { withExtendedLifetime(lease) {} }
                    let count = running.value.withLock { running in
                        running += 1
                        return running
                    }
                    try await Task.sleep(for: .milliseconds(2))
                    running.value.withLock { $0 -= 1 }
                    return count
                }
            }
            for try await count in group { #expect(count <= 3) }
        }
        #expect(try await workers[0].status(of: choice.members[0].id).inFlight == 0)
    }

    @Test(arguments: kinds) func `who waits gets the slot that is freed, first come first`(
        kind: StoreUnderTest
    ) async throws {
        let store = try kind.open()
        let choice = AccountChoice(.round("free"), among: [StoreUnderTest.account("a", maxConcurrent: 1)])
        var first = try await reserve(store, choice)
        #expect(first != nil)
        let order = Shared([Int]())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<5 {
                group.addTask {
                    let lease = try await reserve(store, choice, timeout: .seconds(30))
                    order.value.withLock { $0.append(number) }
                    withExtendedLifetime(lease) {}
                }
                try await Task.sleep(for: .milliseconds(30))
            }
            first = nil
            try await group.waitForAll()
        }
        #expect(order.value.withLock { $0 } == [0, 1, 2, 3, 4])
    }

    @Test(arguments: kinds) func `nobody waits for accounts that are out, or longer than was said`(
        kind: StoreUnderTest
    ) async throws {
        let store = try kind.open()
        let choice = AccountChoice(.round("free"), among: [accounts[0]])
        try await store.noteAccount(accounts[0], .disabled)
        guard case .unavailable(let health) = try await store.reserve(choice, timeout: .seconds(60)) else {
            Issue.record("a disabled account should not be waited for")
            return
        }
        #expect(health[accounts[0].id]?.isByPerson == true)
        #expect(try await reserve(store, AccountChoice(.probe, among: [accounts[0]])) != nil)
        try await store.noteAccount(accounts[0], .enabled)

        let limited = AccountChoice(.round("free"), among: [StoreUnderTest.account("l", maxConcurrent: 1)])
        let held = try await reserve(store, limited)
        guard case .busy = try await store.reserve(limited, timeout: .milliseconds(50)) else {
            Issue.record("a full account should be busy")
            return
        }
        withExtendedLifetime(held) {}
    }

    @Test(arguments: kinds) func `who is cancelled waits no longer`(kind: StoreUnderTest) async throws {
        let store = try kind.open()
        let choice = AccountChoice(.round("free"), among: [StoreUnderTest.account("a", maxConcurrent: 1)])
        let held = try await reserve(store, choice)
        let waiting = Task { try await store.reserve(choice, timeout: .seconds(600)) }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        withExtendedLifetime(held) {}
    }

    @Test(arguments: kinds) func `what one worker learns of an account all know`(kind: StoreUnderTest) async throws {
        let workers = try kind.open(workers: 2)
        #expect(try await workers[1].health(of: accounts[0].id).isUntouched)
        let error = UpstreamError(.refused, .rateLimited, "status 429", status: 429, retryAfter: .seconds(60))

        try await workers[0].noteAccount(accounts[0], .failure(error, caller: "u"))

        #expect(try await workers[1].health(of: accounts[0].id).remainingRest(at: .now) != nil)
        let choice = AccountChoice(.round("free"), among: accounts)
        #expect(try await reserve(workers[1], choice)?.account.id.rawValue == "b")
        try await workers[1].noteAccount(accounts[0], .enabled)
        try await workers[1].noteAccount(accounts[0], .success)
        let status = try await workers[0].status(of: accounts[0].id)
        #expect(status.health.isUntouched)
        #expect((status.requests, status.errors) == (1, 1))
    }

    @Test(arguments: kinds) func `outcomes at the same time are all counted`(kind: StoreUnderTest) async throws {
        let workers = try kind.open(workers: 2)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask { try await workers[number % 2].noteAccount(accounts[0], .success) }
            }
            try await group.waitForAll()
        }
        #expect(try await workers[0].status(of: accounts[0].id).requests == 200)
    }

    @Test(arguments: kinds) func `tokens, lists of models and attempts are shared`(kind: StoreUnderTest) async throws {
        let workers = try kind.open(workers: 2)
        let id = accounts[0].id
        var token = StoredToken(fingerprint: "f")
        token.accessToken = Secret("t")
        try await workers[0].keepUpstreamToken(token, of: id)
        #expect(try await workers[1].upstreamToken(of: id)?.accessToken == Secret("t"))
        #expect(try await workers[1].upstreamToken(of: accounts[1].id) == nil)

        var list = ModelList(fingerprint: "f")
        list.note(UpstreamModels([UpstreamModel("m")]), at: .now)
        try await workers[0].keepModelList(list, of: id)
        #expect(try await workers[1].modelList(of: id)?.offers("m") == true)

        let key = APIKey.generate().digest
        for number in 0..<3 {
            #expect(try await workers[number % 2].consumeAttempt(of: key, limit: 3, within: .seconds(60)) == nil)
        }
        #expect(try await workers[1].consumeAttempt(of: key, limit: 3, within: .seconds(60)) != nil)
    }
}

/// A value that several tasks change.
private final class Shared<Value: Sendable>: Sendable {
    let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }
}
