import Glibc
import Testing

@testable import FCGIApp

struct ListeningSocketTests {
    private func mode(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o777 : nil
    }

    @Test func onlyOwnerAndGroupMayConnect() throws {
        let directory = try TemporaryDirectory()

        let socket = try ListeningSocket(path: directory.file("s"), group: nil)

        #expect(mode(directory.file("s")) == 0o660)
        #expect(fcntl(socket.descriptor, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func replacesASocketThatNobodyAcceptsOn() throws {
        let directory = try TemporaryDirectory()
        do { _ = try ListeningSocket(path: directory.file("s"), group: nil) }
        try #require(mode(directory.file("s")) != nil)

        let socket = try ListeningSocket(path: directory.file("s"), group: nil)

        _ = try withExtendedLifetime(socket) { try FCGIClient(path: directory.file("s")) }
    }

    @Test func doesNotTakeASocketAwayFromAnother() throws {
        let directory = try TemporaryDirectory()
        let first = try ListeningSocket(path: directory.file("s"), group: nil)

        #expect(throws: ListeningSocketError.self) { try ListeningSocket(path: directory.file("s"), group: nil) }

        _ = try withExtendedLifetime(first) { try FCGIClient(path: directory.file("s")) }
    }

    @Test func doesNotRemoveWhatIsNotASocket() throws {
        let directory = try TemporaryDirectory()
        try directory.write("precious", to: "s")

        #expect(throws: ListeningSocketError.self) { try ListeningSocket(path: directory.file("s"), group: nil) }

        #expect(mode(directory.file("s")) == 0o600)
    }

    @Test func removesOnlyItsOwnSocket() throws {
        let directory = try TemporaryDirectory()
        let first = try ListeningSocket(path: directory.file("s"), group: nil)
        unlink(directory.file("s"))
        let second = try ListeningSocket(path: directory.file("s"), group: nil)

        first.remove()
        #expect(mode(directory.file("s")) != nil)
        second.remove()
        #expect(mode(directory.file("s")) == nil)
    }

    @Test func refusesAPathThatDoesNotFit() throws {
        #expect(throws: ListeningSocketError.self) {
            try ListeningSocket(path: "/tmp/" + String(repeating: "x", count: 200), group: nil)
        }
    }
}
