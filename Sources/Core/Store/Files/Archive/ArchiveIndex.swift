import Crypto
import Glibc

/// Where conversations and threads of an archive stand in its logs: a hash table in a file, derived from the logs.
///
/// It is never synced: its head names the system's boot, and another boot's index counts as none. It says up to where
/// it covers each log; what stands beyond is read from the logs. It is changed under the archive's lock and read without
/// one: a reader compares what it finds with the line that it names, so an entry that is half written costs another
/// look. No words of users are in it.
struct ArchiveIndex {
    /// An entry as it stands in the file.
    struct Entry {
        /// What is looked for; 0 is a free place.
        var key: UInt64 = 0
        /// Of the line; of a thread that has gone on the ``key(_:)`` of the conversation.
        var offset: UInt64 = 0
        var log: UInt32 = 0
        var size: UInt32 = 0
        /// That of the line, see ``ArchiveLine/sequence``.
        var sequence: UInt32 = 0
        var isGone: UInt32 = 0

        var place: LinePlace { LinePlace(log: Int(log), offset: Int(offset), size: Int(size)) }

        init() {}

        init(_ name: String, at place: LinePlace, sequence: Int) {
            key = ArchiveIndex.key(name)
            offset = UInt64(place.offset)
            log = UInt32(place.log)
            size = UInt32(clamping: place.size)
            self.sequence = UInt32(clamping: sequence)
        }

        init(goneThread name: String, of conversation: Conversation.ID, sequence: Int) {
            key = ArchiveIndex.key(name)
            offset = ArchiveIndex.key(conversation)
            self.sequence = UInt32(clamping: sequence)
            isGone = 1
        }
    }

    /// How many logs an archive may have at most.
    static let mostLogs = 2040
    private static let magic = Array("archive2".utf8)
    private static let fixed = 64
    private static let start = fixed + mostLogs * 8
    private static let entrySize = MemoryLayout<Entry>.stride
    private static let least = 256

    private let kept: OpenFile
    private var capacity: Int
    private var used: Int
    private(set) var covered: [Int]

    /// Of ids, which have dashes or are short, and of threads, which are 64 hexadecimal digits.
    static func key(_ name: String) -> UInt64 {
        let digest = SHA256.hash(data: Array(name.utf8))
        return max(1, digest.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
    }

    /// The index at `path`; nil where there is none, or one of another boot, or one that is corrupt.
    static func open(_ path: String) throws(StoreError) -> ArchiveIndex? {
        do throws(StoreError) { return try ArchiveIndex(try OpenFileCache.shared.file(path, O_RDWR)) } catch {
            if error.code == ENOENT || error.code == ENOTDIR { return nil }
            throw error
        }
    }

    private init?(_ kept: OpenFile) throws(StoreError) {
        var head = try kept.file.read(at: 0, count: 512)
        guard head.count > Self.fixed, head.starts(with: Self.magic) else { return nil }
        let count = Int(Self.number(head, at: 56))
        guard count <= Self.mostLogs else { return nil }
        if Self.fixed + count * 8 > head.count {
            head = try kept.file.read(at: 0, count: Self.fixed + count * 8)
        }
        let end = Self.fixed + count * 8
        guard head.count >= end, Self.number(head, at: 60) == Self.checksum(head[..<end]),
            head[8..<44].elementsEqual(Self.boot)
        else { return nil }
        self.kept = kept
        capacity = 1 << Int(Self.number(head, at: 48) & 31)
        used = Int(Self.number(head, at: 52))
        covered = (0..<count).map { place in
            head.withUnsafeBytes { Int($0.loadUnaligned(fromByteOffset: Self.fixed + place * 8, as: UInt64.self)) }
        }
    }

    /// Up to which byte the lines of a log are in the index.
    func covered(_ log: Int) -> Int { covered.indices.contains(log) ? covered[log] : 0 }

    func entry(_ name: String) throws(StoreError) -> Entry? { try find(Self.key(name)).entry }

    /// The entry of `key`, or else the free place where it belongs; neither in a table that is corrupt.
    private func find(_ key: UInt64) throws(StoreError) -> (entry: Entry?, place: Int?) {
        var place = Int(key >> 1) & (capacity - 1)
        var looked = 0
        while looked < capacity {
            let count = min(8, capacity - place)
            let bytes = try kept.file.read(at: Self.start + place * Self.entrySize, count: count * Self.entrySize)
            guard bytes.count == count * Self.entrySize else { return (nil, nil) }
            for number in 0..<count {
                let entry = bytes.withUnsafeBytes {
                    $0.loadUnaligned(fromByteOffset: number * Self.entrySize, as: Entry.self)
                }
                if entry.key == key { return (entry, place + number) }
                if entry.key == 0 { return (nil, place + number) }
            }
            looked += count
            place = (place + count) & (capacity - 1)
        }
        return (nil, nil)
    }

    // MARK: Under the archive's lock

    /// Puts `entries` in and covers more of the logs; `index` is nil where a new one is made.
    ///
    /// - Parameter merge: Which of two entries of a key counts.
    static func update(
        _ index: ArchiveIndex?, at path: String, with entries: [Entry], covering covered: [Int],
        merge: (_ old: Entry, _ new: Entry) throws(StoreError) -> Entry
    ) throws(StoreError) {
        if var index, try index.take(entries, covering: covered, merge) { return }
        var all: [UInt64: Entry] = [:]
        if let index {
            let bytes = try index.kept.file.read(at: start, count: index.capacity * entrySize)
            for place in stride(from: 0, to: bytes.count - entrySize + 1, by: entrySize) {
                let entry = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: Entry.self) }
                if entry.key != 0, entry.isGone == 0 { all[entry.key] = entry }
            }
        }
        for entry in entries {
            all[entry.key] = try all[entry.key].map { old throws(StoreError) in try merge(old, entry) } ?? entry
        }
        var capacity = least
        while capacity < all.count * 3 { capacity *= 2 }
        var table = [Entry](repeating: Entry(), count: capacity)
        for entry in all.values {
            var place = Int(entry.key >> 1) & (capacity - 1)
            while table[place].key != 0 { place = (place + 1) & (capacity - 1) }
            table[place] = entry
        }
        let head = head(capacity: capacity, used: all.count, covered)
        try AtomicFile.write(to: path, durable: false) { file throws(StoreError) in
            try file.write(head + [UInt8](repeating: 0, count: start - head.count))
            try file.write(table.withUnsafeBytes { Array($0) })
        }
    }

    /// Writes the entries where they belong, and then the head; false, with nothing covered, where they do not fit.
    private mutating func take(
        _ entries: [Entry], covering covered: [Int], _ merge: (Entry, Entry) throws(StoreError) -> Entry
    ) throws(StoreError) -> Bool {
        guard (used + entries.count) * 2 <= capacity else { return false }
        for entry in entries {
            let (old, place) = try find(entry.key)
            guard let place else { return false }
            let new = try old.map { old throws(StoreError) in try merge(old, entry) } ?? entry
            if old == nil { used += 1 }
            try kept.file.write(withUnsafeBytes(of: new) { Array($0) }, at: Self.start + place * Self.entrySize)
        }
        try kept.file.write(Self.head(capacity: capacity, used: used, covered), at: 0)
        return true
    }

    private static let boot: [UInt8] = {
        let id = Array(SystemBoot.id.utf8.prefix(36))
        return id + [UInt8](repeating: 0, count: 36 - id.count)
    }()

    private static func head(capacity: Int, used: Int, _ covered: [Int]) -> [UInt8] {
        var head = magic + boot + [0, 0, 0, 0]
        for number in [capacity.trailingZeroBitCount, used, covered.count, 0] {
            head += withUnsafeBytes(of: UInt32(number)) { Array($0) }
        }
        for end in covered { head += withUnsafeBytes(of: UInt64(end)) { Array($0) } }
        let sum = withUnsafeBytes(of: checksum(head[...])) { Array($0) }
        head.replaceSubrange(60..<64, with: sum)
        return head
    }

    /// Over the head without the field for it.
    private static func checksum(_ head: ArraySlice<UInt8>) -> UInt32 {
        CRC32.checksum(Array(head[..<60]) + Array(head[64...]))
    }

    private static func number(_ bytes: [UInt8], at place: Int) -> UInt32 {
        bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: UInt32.self) }
    }
}
