import Glibc
import Synchronization

/// What a process knows of all users, to find them by a part of a name without opening their records.
///
/// It is brought up to date before each search, from what the file system says: a directory in which no record was
/// replaced, added or removed has the time that it had; of the others only the records are read whose files are not the
/// same. So it follows every process, commands included, and nobody has to tell it. A user takes about 150 bytes and
/// twice the lengths of its names.
final class UserDirectory: Sendable {
    private let state = Mutex([Shard](repeating: Shard(), count: 256))

    /// What names a version of a file or directory.
    private struct Stamp: Equatable {
        var inode: UInt64
        /// In nanoseconds.
        var time: Int64
        var size: Int64
    }

    /// The users whose digests begin with the same byte.
    private struct Shard {
        /// Nil where it must be looked at in any case.
        var stamp: Stamp?
        var entries: [Entry] = []
        /// The texts of all entries, in their order.
        var text: [UInt8] = []
    }

    /// A user, or a record that cannot be read, which has no text.
    private struct Entry {
        let mark: UserMark
        /// Nil where the file must be read again.
        var stamp: Stamp?
        var user: UserFacts?
        var text: Range<Int>
    }

    struct Page {
        var found: [(id: User.ID, place: UserPlace)] = []
        var total = 0
        var hasMore = false
    }

    /// - Parameters:
    ///   - layout: Where the records are.
    ///   - isLeaving: Whether a user is to be passed over; nil where none is.
    func page(
        _ query: UserQuery, _ layout: StateLayout, _ read: (String) throws(StoreError) -> User?,
        without isLeaving: ((User.ID, Int?) -> Bool)?
    ) throws(StoreError) -> Page {
        try update(layout, read)
        let words = query.words
        var best = BestUsers(query)
        state.withLock { shards in
            for shard in shards {
                Self.candidates(in: shard, for: words.first) { entry in
                    guard let user = entry.user else { return }
                    let text = shard.text[entry.text]
                    guard user.matches(query, words, in: text) else { return }
                    if let isLeaving, isLeaving(UserFacts.id(in: text), user.ownerNumber) { return }
                    best.take(user.place(entry.mark, in: text, by: query.sort), text)
                }
            }
        }
        return Page(
            found: best.users.prefix(query.limit).map { (UserFacts.id(in: $0.text), $0.place) }, total: best.total,
            hasMore: best.users.count > query.limit)
    }

    /// Gives each entry to `body` that may have `word` in its text.
    private static func candidates(in shard: Shard, for word: [UInt8]?, _ body: (Entry) -> Void) {
        guard let word else { return shard.entries.forEach(body) }
        var start = 0
        while let place = shard.text[start...].firstIndex(of: word) {
            var (low, high) = (0, shard.entries.count)
            while high - low > 1 {
                let middle = (low + high) / 2
                if shard.entries[middle].text.lowerBound <= place { low = middle } else { high = middle }
            }
            body(shard.entries[low])
            start = shard.entries[low].text.upperBound
        }
    }

    /// Brings it up to date; the first time it reads all records.
    func update(_ layout: StateLayout, _ read: (String) throws(StoreError) -> User?) throws(StoreError) {
        try state.withLock { shards throws(StoreError) in
            for number in shards.indices {
                let path = layout.users(number)
                let now = Self.now
                guard let stamp = Self.stamp(path) else {
                    shards[number] = Shard()
                    continue
                }
                if shards[number].stamp == stamp { continue }
                shards[number] = try Self.shard(at: path, after: shards[number], now, read)
                shards[number].stamp = Self.settled(stamp, now)
            }
        }
    }

    private static func shard(
        at path: String, after known: Shard, _ now: Int64, _ read: (String) throws(StoreError) -> User?
    ) throws(StoreError) -> Shard {
        var before: [UserMark: Entry] = [:]
        for entry in known.entries { before[entry.mark] = entry }
        var shard = Shard()
        for name in try Directory.names(in: path) where name.hasSuffix(".json") {
            let file = "\(path)/\(name)"
            guard let mark = UserMark(digest: name.utf8), let stamp = Self.stamp(file) else { continue }
            let start = shard.text.count
            var entry: Entry
            if let same = before[mark], same.stamp == stamp {
                entry = same
                shard.text += known.text[same.text]
            } else {
                let user = try read(file)
                if let user { shard.text += UserFacts.text(of: user) }
                entry = Entry(
                    mark: mark, stamp: settled(stamp, now), user: user.map { UserFacts($0) }, text: start..<start)
            }
            entry.text = start..<shard.text.count
            shard.entries.append(entry)
        }
        return shard
    }

    /// Nil where a change right after this look could leave the same time, by the clock that files have theirs from.
    private static func settled(_ stamp: Stamp, _ now: Int64) -> Stamp? {
        now - stamp.time > 1_000_000_000 ? stamp : nil
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return nanoseconds(time)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private static func stamp(_ path: String) -> Stamp? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        return Stamp(inode: UInt64(status.st_ino), time: nanoseconds(status.st_ctim), size: Int64(status.st_size))
    }
}
