import Glibc
import Testing

@testable import Core

struct RotationFileTests {
    private let directory = TemporaryDirectory()
    private let accounts = ["a", "b"].map { GatewayFixture.account($0) }

    private func next(_ store: JSONFileStore, _ cursor: String = "free") throws -> String? {
        try store.reserveAccount(cursor: cursor, among: accounts) { last, _ in
            last == accounts[0].id ? accounts.reversed() : accounts
        }?.account.id.rawValue
    }

    private func size(_ store: JSONFileStore) throws -> Int { try File(store.layout.rotation, O_RDONLY).size }

    @Test func `rounds of names that a caller wrote are left out, the pools' go on`() throws {
        let store = try directory.store()
        let members = [("free", "a")] + (0..<20).map { ("free a-model-with-a-rather-long-name-\($0)", "a") }
        try InPlaceRecord(store.layout.rotation).write(
            .object(JSONObject(unchecked: members.map { .init(name: $0.0, value: JSON($0.1)) })))

        #expect(try next(store) == "b")

        let kept = try #require(try InPlaceRecord(store.layout.rotation).read()?.object)
        #expect(kept.names == ["free"])
    }

    @Test func `a file of megabytes is cut down and begins anew`() throws {
        let store = try directory.store()
        let long = JSONObject(unchecked: [.init(name: String(repeating: "m", count: 4 << 20), value: "a")])
        try InPlaceRecord(store.layout.rotation).write(.object(long))

        #expect(try [next(store), next(store)] == ["a", "b"])
        #expect(try size(store) < 8192)
    }

    @Test func `the file has a bound however many rounds there are`() throws {
        let store = try directory.store()
        for number in 0..<600 { _ = try next(store, "free \(number)") }

        #expect(try size(store) < 32_768)
        #expect(try InPlaceRecord(store.layout.rotation).read()?.object?.names.count == 256)
        #expect(try next(store, "free 599") == "b")
    }

    @Test func `the round is named by the accounts that come into question`() {
        let pool = AccountPool(accounts)

        #expect(pool.cursor(.free, among: accounts) == "free")
        #expect(pool.cursor(.free, among: [accounts[0]]) != pool.cursor(.free, among: [accounts[1]]))
        #expect(pool.cursor(.free, among: [accounts[0]]).utf8.count <= 32)
    }
}
