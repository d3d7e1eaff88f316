import CLinux
import Glibc

/// The part of the accounts' state that changes with each turn: rounds, turns in flight and counters, in one file that
/// every process maps; see docs/adr/0006-accounts-page.md.
///
/// It holds a head, the rounds and then one entry an account. Each process has a column of the entries, in which it
/// counts its turns; the column is its own as long as it holds a lock on a byte of the file, which ends with the
/// process. No system call is made but where another process is in the way, an account is new or all slots are taken.
///
/// Nothing in it is derived from something else, so whatever a process that is killed in between leaves is valid.
///
/// Unchecked: `base` never changes. What it points to and the caches are touched only by the thread that holds the
/// mutex in the page, which excludes the threads of this process like all others.
final class AccountsPage: @unchecked Sendable {
    typealias Head = accounts_page_head
    typealias Name = accounts_page_name
    typealias Round = accounts_page_round
    typealias Entry = accounts_page_entry

    /// "CASACC" and the version of the layout.
    static let magic: UInt64 = 0x4341_5341_4343_0001
    /// How many processes can have it open, how many rounds are remembered, how many accounts there can be.
    static let (columns, rounds, mostEntries) = (480, 256, 8192)
    static let roundsStart = 4096
    static let entriesStart = roundsStart + rounds * 64
    static let entrySize = 64 + 2 * columns
    /// By how many entries the file grows.
    static let growth = 16
    private static let length = entriesStart + mostEntries * entrySize
    /// Where the bytes are that processes lock, far behind the content.
    private static let locks: Int64 = 1 << 40

    let kept: OpenFile
    let base: UnsafeMutableRawPointer
    let column: Int
    /// What this process knows of accounts and rounds; see the extensions.
    var accounts: [Account.ID: Known] = [:]
    var choices: [String: KnownRound] = [:]
    var lastReclaim = ContinuousClock.now - .seconds(60)

    var head: UnsafeMutablePointer<Head> { base.assumingMemoryBound(to: Head.self) }

    /// Maps the page at `path` and makes `column` this process's, on which it holds the lock already.
    ///
    /// - Parameter isNew: Nobody else can have it open.
    private init(_ kept: OpenFile, column: Int, isNew: Bool) throws(StoreError) {
        let size = try kept.file.size
        // A copy may have holes, and a write to one kills the process when the disk is full.
        try Self.allocate(kept, from: 0, count: size)
        guard
            let base = mmap(nil, Self.length, PROT_READ | PROT_WRITE, MAP_SHARED, kept.file.descriptor, 0),
            base != MAP_FAILED
        else { throw .last("mmap", kept.file.path) }
        self.kept = kept
        self.base = base
        self.column = column
        if isNew {
            mutex.make()
            head.pointee.is_ready = 1
        }
        try locked { () throws(StoreError) in
            head.pointee.columns = max(head.pointee.columns, UInt32(column + 1))
            // Of whoever had it before and is dead.
            clear(column)
        }
    }

    deinit {
        munmap(base, Self.length)
    }

    /// Opens the page, which is made anew where it is missing, corrupt or used by nobody; what can be read of it stays.
    ///
    /// The lock of the caller keeps others from opening it meanwhile.
    static func open(_ path: String, legacy: [Image.Counters]) throws(StoreError) -> AccountsPage {
        let kept = try OpenFile(path, O_RDWR | O_CREAT)
        guard let column = takeColumn(of: kept) else { throw StoreError(.busy, "find a free column of", path: path) }
        if isUsedByOthers(kept), try Image.isWhole(kept.file) {
            return try AccountsPage(kept, column: column, isNew: false)
        }
        // A mutex that nobody holds cannot be told from one that a copy brought along, so it is never taken over.
        let image = Image(of: try kept.file.readAll(), legacy: legacy)
        try AtomicFile.write(image.bytes, to: path, durable: !legacy.isEmpty)
        let fresh = try OpenFile(path, O_RDWR)
        guard let column = takeColumn(of: fresh) else { throw StoreError(.busy, "find a free column of", path: path) }
        return try AccountsPage(fresh, column: column, isNew: true)
    }

    private static func takeColumn(of kept: OpenFile) -> Int? {
        (0..<columns).first { ByteLock.take(kept.file.descriptor, locks + Int64($0)) }
    }

    private static func isUsedByOthers(_ kept: OpenFile) -> Bool {
        ByteLock.isTakenElsewhere(kept.file.descriptor, locks..<(locks + Int64(columns)))
    }

    /// Whether the process that had the column is dead, or never was.
    func isAbandoned(_ column: Int) -> Bool {
        let byte = Self.locks + Int64(column)
        return column != self.column && !ByteLock.isTakenElsewhere(kept.file.descriptor, byte..<(byte + 1))
    }

    static func allocate(_ kept: OpenFile, from start: Int, count: Int) throws(StoreError) {
        let code = retryingCode { posix_fallocate(kept.file.descriptor, off_t(start), off_t(count)) }
        guard code == 0 else { throw StoreError(.unavailable, "posix_fallocate", path: kept.file.path, code: code) }
    }

    // MARK: The mutex

    private var mutex: SharedMutex {
        let place = base + (MemoryLayout<Head>.offset(of: \.mutex) ?? 0)
        return SharedMutex(mutex: place.assumingMemoryBound(to: pthread_mutex_t.self))
    }

    /// Runs `body` while no other thread of any process touches the page.
    ///
    /// - Throws: ``StoreError/Kind/busy`` where somebody was stopped in there, ``StoreError/Kind/corrupt`` for a page
    ///   that somebody has written over, and what `body` throws.
    func locked<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        // What a holder left that was killed is valid.
        try mutex.lock(kept.file.path)
        defer { mutex.unlock() }
        guard head.pointee.magic == Self.magic, head.pointee.count <= head.pointee.capacity,
            head.pointee.capacity <= UInt32(Self.mostEntries), head.pointee.columns <= UInt32(Self.columns)
        else { throw StoreError(.corrupt, "find the head of", path: kept.file.path) }
        return try body()
    }
}

extension AccountsPage.Name {
    init(_ digest: String) {
        let digits = Substring(digest)
        self.init(
            high: UInt64(digits.prefix(16), radix: 16) ?? 0,
            low: UInt64(digits.dropFirst(16).prefix(16), radix: 16) ?? 0)
    }

    static func == (one: Self, other: Self) -> Bool { one.high == other.high && one.low == other.low }

    var isNone: Bool { high == 0 && low == 0 }

    var check: UInt32 { CRC32.checksum(withUnsafeBytes(of: self) { Array($0) }) }
}

/// Repeats a call that returns its error while a signal interrupts it.
private func retryingCode(_ call: () -> Int32) -> Int32 {
    while true {
        let code = call()
        if code != EINTR { return code }
    }
}
