import Glibc
import Testing

@testable import Core

struct RecordCacheTests {
    private let directory = TemporaryDirectory()

    @Test func `a store sees at once what another one changed or removed`() throws {
        let (mine, other) = (try directory.store(), try directory.store())
        let id = User.ID(owner: "self", userID: "u1")
        let key = APIKey.generate()
        let added = try mine.adding(User(id: id, username: "before", keys: [User.Key(key)]))
        for number in 0..<20 {
            #expect(try mine.user(withKey: key.digest)?.username == (number == 0 ? "before" : "name \(number)"))
            _ = try other.updateUser(added, UserChange(username: "name \(number + 1)"))
        }

        #expect(try other.removeUser(added, keepConversations: false, withUsers: false) == .removed)
        #expect(try mine.user(withKey: key.digest) == nil)
        #expect(try mine.user(id) == nil)
    }

    @Test func `more records than are kept are still all found`() throws {
        let cache = RecordCache<Int>()
        for number in 0..<1100 {
            let path = "\(directory.path)/\(number)"
            try AtomicFile.write(Array("\(number)".utf8), to: path, durable: false)
            #expect(try cache.record(at: path) { _ in number } == number)
        }
        #expect(try cache.record(at: "\(directory.path)/7") { _ in 7 } == 7)
        #expect(try cache.record(at: "\(directory.path)/none") { _ in 1 } == nil)
    }

    @Test func `a lock file that was removed by hand is made anew and excludes`() throws {
        let lock = FileLock(directory: directory.path, area: "area", digest: "00")
        try lock.withLock {}
        unlink(lock.path)
        try lock.withLock { () throws(StoreError) in
            let other = try File(lock.path, O_RDWR)
            #expect(flock(other.descriptor, LOCK_EX | LOCK_NB) != 0)
        }
        let other = try File(lock.path, O_RDWR)
        #expect(flock(other.descriptor, LOCK_EX | LOCK_NB) == 0)
    }
}
