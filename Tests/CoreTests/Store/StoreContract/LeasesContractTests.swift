import Testing

@testable import Core

/// What every store must do with rights, kept answers and the audit log; two stores are two workers.
struct LeasesContractTests {
    private static let kinds = StoreUnderTest.all
    private static let rights: [Right] = [
        .turn("c1"), .answer(Hex.sha256("r")), .signIn(Account.ID(rawValue: "a")),
        .modelList(Account.ID(rawValue: "a")), .probe(Account.ID(rawValue: "a")), .upstreamUser("u"),
    ]

    @Test(arguments: kinds, rights) func `a right is one worker's until it is given back`(
        kind: StoreUnderTest, right: Right
    ) async throws {
        let workers = try kind.open(workers: 2)
        var lease = try await workers[0].lease(right, timeout: .zero)
        #expect(lease != nil)
        for worker in workers { #expect(try await worker.lease(right, timeout: .zero) == nil) }
        #expect(try await workers[1].lease(right, timeout: .milliseconds(30)) == nil)
        for other in Self.rights where other != right {
            #expect(try await workers[1].lease(other, timeout: .zero) != nil)
        }

        lease = nil

        for worker in workers { #expect(try await worker.lease(right, timeout: .zero) != nil) }
    }

    @Test(arguments: kinds) func `who waits for a right gets it, in any worker`(kind: StoreUnderTest) async throws {
        let workers = try kind.open(workers: 2)
        var held = try await workers[0].lease(.turn("c"), timeout: .zero)
        #expect(held != nil)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<12 {
                group.addTask { try await workers[number % 2].lease(.turn("c"), timeout: .seconds(30)) != nil }
            }
            held = nil
            for try await isLeased in group { #expect(isLeased) }
        }
    }

    @Test(arguments: kinds) func `an answer is kept for the archive that it belongs to`(
        kind: StoreUnderTest
    ) async throws {
        let workers = try kind.open(workers: 2)
        let user = try #require(try await workers[0].addUser(StoreUnderTest.user("u")).user)
        let other = try #require(try await workers[0].addUser(StoreUnderTest.user("v")).user)
        let digest = Hex.sha256("request")
        let answer = StoredAnswer(bodyDigest: "b", contentType: "text/plain", body: "é")
        #expect(try await workers[0].answer(digest, of: user.archive) == nil)

        try await workers[0].storeAnswer(answer, as: digest, of: user.archive)

        #expect(try await workers[1].answer(digest, of: user.archive)?.body == "é")
        #expect(try await workers[1].answer(digest, of: other.archive) == nil)
    }

    @Test(arguments: kinds) func `entries of the audit log are taken from all workers`(
        kind: StoreUnderTest
    ) async throws {
        let workers = try kind.open(workers: 2)
        for number in 0..<10 {
            try await workers[number % 2].audit(JSONObject(unchecked: [.init(name: "action", value: "a")]))
        }
        #expect(await workers[0].isHealthy())
    }
}
