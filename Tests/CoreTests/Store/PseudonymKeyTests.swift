import Glibc
import Testing

@testable import Core

struct PseudonymKeyTests {
    private let directory = TemporaryDirectory()

    private func name() throws -> String { try directory.store().pseudonyms().name(of: "ada", at: "h") }

    @Test func `all processes that start at once have the same key`() async throws {
        let stores = try (0..<8).map { _ in try directory.store() }

        let names = try await withThrowingTaskGroup(of: String.self) { group in
            for store in stores { group.addTask { try store.pseudonyms().name(of: "ada", at: "h") } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }

        #expect(names.count == 1)
        #expect(try name() == names.first)
        var status = stat()
        #expect(stat(try directory.store().layout.pseudonymKey, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600 && status.st_size == 32)
    }

    @Test func `a key that is gone is never replaced by another`() throws {
        _ = try name()
        let path = try directory.store().layout.pseudonymKey
        let bytes = try File(path, O_RDONLY).readAll()
        unlink(path)

        let error = #expect(throws: StoreError.self) { try name() }
        #expect("\(try #require(error))".contains("is gone"))
        #expect(throws: StoreError.self) { try name() }
        #expect(!Directory.exists(path))

        // It comes back from a backup.
        let before = Pseudonyms(key: bytes).name(of: "ada", at: "h")
        try AtomicFile.write(bytes, to: path, durable: false)
        #expect(try name() == before)
    }

    @Test(arguments: [[], Array(repeating: 7, count: 32), Array(repeating: 7, count: 31)] as [[UInt8]])
    func `a damaged key is an error that says so`(bytes: [UInt8]) throws {
        _ = try name()
        let path = try directory.store().layout.pseudonymKey
        try AtomicFile.write(bytes, to: path, durable: false)

        let error = #expect(throws: StoreError.self) { try name() }
        #expect("\(try #require(error))".contains("is damaged"))
        #expect(try File(path, O_RDONLY).readAll() == bytes)
    }

    @Test func `a key whose maker was killed before it was noted is taken`() throws {
        let layout = try directory.store().layout
        try AtomicFile.write(Array(0..<32), to: layout.pseudonymKey, durable: false)

        #expect(try name() == Pseudonyms(key: Array(0..<32)).name(of: "ada", at: "h"))
        unlink(layout.pseudonymKey)
        #expect(throws: StoreError.self) { try name() }
    }
}
