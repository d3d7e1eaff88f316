import Glibc
import Testing

@testable import Core

/// What the page does with its file; what every store must do stands in StoreContract.
struct AccountsPageTests {
    private let directory = TemporaryDirectory()
    private let accounts = ["a", "b", "c"].map { GatewayFixture.account($0) }

    private func next(_ store: JSONFileStore, _ round: String = "free") async throws -> String? {
        let choice = AccountChoice(.round(round), among: accounts)
        guard case .reserved(let lease) = try await store.reserve(choice, timeout: .zero) else { return nil }
        return lease.account.id.rawValue
    }

    private func next(_ store: JSONFileStore, times: Int) async throws -> String {
        var taken = ""
        for _ in 0..<times { taken += try await next(store) ?? "-" }
        return taken
    }

    private func size(_ store: JSONFileStore) throws -> Int { try File(store.layout.accountsPage, O_RDONLY).size }

    @Test func `all workers, two reloads of them that drain, and commands have a column`() {
        #expect(Settings.Server.mostWorkers * 3 + 64 <= AccountsPage.columns)
    }

    @Test func `counters and rounds outlive the processes`() async throws {
        var store: JSONFileStore? = try directory.store()
        #expect(try await next(#require(store), times: 2) == "ab")
        for _ in 0..<3 { try store?.noteAccount(accounts[0], .success) }
        try store?.noteAccount(accounts[0], .failure(UpstreamError(.refused, .quota, "status 429"), caller: "u"))
        store = nil

        let later = try directory.store()
        let status = try later.status(of: accounts[0].id)
        #expect((status.requests, status.errors) == (3, 1))
        #expect(try await next(later, times: 2) == "cb")
    }

    @Test(arguments: [0, 100, 4096, 20_000, 21_000, 22_000])
    func `a page that is cut off is made anew`(length: Int) async throws {
        var store: JSONFileStore? = try directory.store()
        let path = try #require(store).layout.accountsPage
        try store?.noteAccount(accounts[0], .success)
        store = nil
        try File(path, O_RDWR).truncate(to: length)

        let later = try directory.store()

        #expect(try await next(later, times: 4) == "abca")
        // The counter stood in the first entry.
        #expect(try later.status(of: accounts[0].id).requests == (length > 20_480 + 64 ? 1 : 0))
    }

    @Test func `a page of random bytes is made anew`() async throws {
        let store = try directory.store()
        let bytes = (0..<50_000).map { _ in UInt8.random(in: 0...255) }
        try AtomicFile.write(bytes, to: store.layout.accountsPage, durable: false)

        #expect(try await next(store, times: 4) == "abca")
        #expect(try store.status(of: accounts[0].id).requests == 0)
    }

    @Test func `a page that is written over while it is in use costs one call`() async throws {
        let store = try directory.store()
        _ = try await next(store)
        try File(store.layout.accountsPage, O_RDWR).write([UInt8](repeating: 0xFF, count: 8), at: 0)

        await #expect(throws: StoreError.self) { try await next(store) }
        #expect(try await next(store) != nil)
    }

    @Test func `a copy that was made in mid-turn has nothing in flight and no lock that is held`() async throws {
        let store = try directory.store()
        let choice = AccountChoice(.followUp, among: [accounts[0]])
        let held = try await store.reserve(choice, timeout: .zero)
        let page = try #require(try File.reading(store.layout.accountsPage)?.readAll())
        #expect(try store.status(of: accounts[0].id).inFlight == 1)

        let other = TemporaryDirectory()
        defer { withExtendedLifetime(other) {} }
        let restored = try other.store()
        var copy = page
        // A mutex that somebody holds.
        for index in 40..<60 { copy[index] = 1 }
        try AtomicFile.write(copy, to: restored.layout.accountsPage, durable: false)

        #expect(try restored.status(of: accounts[0].id).inFlight == 0)
        withExtendedLifetime(held) {}
    }

    @Test func `the counters of the version before are taken over once`() async throws {
        let store = try directory.store()
        let layout = store.layout
        let digest = accounts[1].id.digest
        for (name, count) in [("requests", 5), ("errors", 2), ("slots", 0)] {
            try File("\(layout.accounts)/\(digest).\(name)", O_WRONLY | O_CREAT).write(
                [UInt8](repeating: 46, count: count))
        }
        try AtomicFile.write(Array("{}".utf8), to: layout.rotation, durable: false)

        let status = try store.status(of: accounts[1].id)

        #expect((status.requests, status.errors) == (5, 2))
        let left = try Directory.names(in: layout.accounts).filter { !$0.hasSuffix("page") }
        #expect(left.isEmpty)
        let later = try directory.store()
        #expect(try later.status(of: accounts[1].id).requests == 5)
    }

    @Test func `a health record that was restored by hand counts from the next start`() throws {
        let store = try directory.store()
        var disabled = AccountHealth()
        disabled.disable(at: .now)
        #expect(try store.health(of: accounts[0].id).isUntouched)
        try AtomicFile.write(disabled.record.bytes, to: store.layout.health(accounts[0].id), durable: false)

        #expect(try directory.store().health(of: accounts[0].id).isByPerson)
    }

    @Test func `a corrupt health record is taken as absent`() throws {
        let store = try directory.store()
        try AtomicFile.write(Array("{".utf8), to: store.layout.health(accounts[0].id), durable: false)

        #expect(try store.health(of: accounts[0].id).isUntouched)
    }

    @Test func `there are as many rounds as fit, and those of late go on`() async throws {
        let store = try directory.store()
        for number in 0..<600 { #expect(try await next(store, "free \(number)") == "a") }
        #expect(try await next(store, "free 599") == "b")
        #expect(try await next(store, "free 0") == "a")
    }

    @Test func `a small file holds few accounts, a full one gives up that which was used least lately`() async throws {
        let few = try directory.store()
        try few.noteAccount(accounts[0], .success)
        #expect(try size(few) < 40_000)

        let place = TemporaryDirectory()
        defer { withExtendedLifetime(place) {} }
        let full = try place.store()
        let counters = (0..<AccountsPage.mostEntries).map { number in
            AccountsPage.Image.Counters(digest: Hex.sha256("account-\(number)"), requests: number, errors: 0)
        }
        let image = AccountsPage.Image(of: [], legacy: counters)
        try AtomicFile.write(image.bytes, to: full.layout.accountsPage, durable: false)

        #expect(try await next(full, times: 4) == "abca")
        #expect(try size(full) < 9 << 20)
        #expect(try full.status(of: Account.ID(rawValue: "account-8000")).requests == 8000)
    }

    @Test func `workers with other settings do not disturb each other`() async throws {
        let (old, new) = (try directory.store(), try directory.store())
        let more = accounts + [GatewayFixture.account("d")]
        var taken = ""
        for number in 0..<14 {
            let choice = AccountChoice(.round("free"), among: number.isMultiple(of: 2) ? accounts : more)
            let store = number.isMultiple(of: 2) ? old : new
            if case .reserved(let lease) = try await store.reserve(choice, timeout: .zero) {
                taken += lease.account.id.rawValue
            }
        }
        #expect(taken == "abcdabcdabcdab")
    }
}
