import Glibc
import Testing

@testable import Core

struct ThreadLogTests {
    private let directory = TemporaryDirectory()
    private let ada = ArchiveID(of: User.ID(owner: "self", userID: "ada"), number: 1)
    private let bob = ArchiveID(of: User.ID(owner: "self", userID: "bob"), number: 2)

    @Test func `a thread names its latest conversation until it goes on, for its own user only`() throws {
        let store = try directory.store()
        try store.noteThread("one", after: nil, of: "c1", of: ada)
        #expect(try store.conversation(withThread: "one", of: ada) == "c1")
        #expect(try store.conversation(withThread: "one", of: bob) == nil)

        try store.noteThread("one", after: nil, of: "c2", of: ada)
        #expect(try store.conversation(withThread: "one", of: ada) == "c2")

        try store.noteThread("two", after: "one", of: "c2", of: ada)
        #expect(try store.conversation(withThread: "one", of: ada) == nil)
        #expect(try store.conversation(withThread: "two", of: ada) == "c2")
    }

    @Test func `a torn line costs that line only`() throws {
        let store = try directory.store()
        try store.noteThread("one", after: nil, of: "c1", of: ada)
        let name = Hex.sha256("\(ada.digest) one")
        let file = try File(store.layout.threads(name), O_WRONLY | O_APPEND)
        try file.write(Array("\(name) c9\u{1}\n\(name.prefix(30))".utf8))
        #expect(try store.conversation(withThread: "one", of: ada) == nil)

        try store.noteThread("one", after: nil, of: "c2", of: ada)
        try store.noteThread("one", after: nil, of: "c3", of: ada)
        #expect(try store.conversation(withThread: "one", of: ada) == "c3")
    }

    @Test func `a log that has grown keeps the last line of each thread and none of those that went on`() throws {
        let store = try directory.store()
        try store.noteThread("stays", after: nil, of: "c1", of: ada)
        let name = Hex.sha256("\(ada.digest) stays")
        let path = store.layout.threads(name)
        let filler = (0..<700).map { "\(String(repeating: "0", count: 60))\(1000 + $0) c\n\(name) c1\n" }
        try File(path, O_WRONLY | O_APPEND).write(Array(filler.joined().utf8))

        // The next line passes a multiple of 64 KiB.
        let rest = try (128 << 10) - 10 - File(path, O_RDONLY).size
        try File(path, O_WRONLY | O_APPEND).write([UInt8](repeating: 0x0A, count: rest))
        try store.noteThread("stays", after: nil, of: "c3", of: ada)

        #expect(try File(path, O_RDONLY).size < 60_000)
        #expect(try store.conversation(withThread: "stays", of: ada) == "c3")
    }
}
