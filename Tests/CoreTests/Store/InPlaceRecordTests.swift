import Glibc
import Testing

@testable import Core

struct InPlaceRecordTests {
    private let directory = TemporaryDirectory()
    private var path: String { "\(directory.path)/record.json" }

    @Test func `a shorter content leaves nothing of a longer one, in the same file`() throws {
        let record = try InPlaceRecord(path)
        #expect(try record.read() == nil)
        try record.write(["name": "a rather long text"])
        let before = try KeptFile(path, O_RDONLY)
        try record.write(["name": "x"])

        #expect(try InPlaceRecord(path).read() == ["name": "x"])
        #expect(before.isInPlace)
    }

    @Test func `a content that is only half there is told from a whole one`() throws {
        try InPlaceRecord(path).write(["name": "whole"])
        let file = try File(path, O_RDWR)
        try file.write([UInt8(ascii: "?")], at: 25)

        #expect(throws: StoreError.self) { try InPlaceRecord(path).read() }
    }

    @Test func `accounts go on in turn after the record of the round was spoilt or removed`() throws {
        let store = try directory.store()
        let accounts = ["a", "b"].map { GatewayFixture.account($0) }
        func next() throws -> String? {
            try store.reserveAccount(cursor: "free", among: accounts) { last, _ in
                last == accounts[0].id ? accounts.reversed() : accounts
            }?.account.id.rawValue
        }
        #expect(try [next(), next(), next()] == ["a", "b", "a"])

        let file = try File(store.layout.rotation, O_RDWR)
        try file.write([UInt8](repeating: UInt8(ascii: "?"), count: 20), at: 0)
        #expect(try [next(), next()] == ["a", "b"])
        unlink(store.layout.rotation)
        #expect(try [next(), next()] == ["a", "b"])
    }
}
