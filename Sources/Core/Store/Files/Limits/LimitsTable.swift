import CLinux
import Glibc

/// What subjects with limits have used and reserved, in one file that every process maps; see
/// docs/adr/0010-limits-table.md.
///
/// It is derived: of what it has not seen in this boot the totals are asked for. A record is found by its digest in a
/// hash table. Each process has a column, its own as long as it holds a lock on a byte of the file, which ends with the
/// process. What a dead one has reserved is given back, but for what its rows in the ledger say that it used. A change
/// first copies what it overwrites, so that one that a kill cuts off is undone by whoever locks next.
///
/// Unchecked: `base` never changes. What it points to and the variables are touched only by the thread that holds the
/// mutex in the table, which excludes the threads of this process like all others.
final class LimitsTable: @unchecked Sendable {
    typealias Head = limits_table_head
    typealias Record = limits_table_record
    typealias Hold = limits_table_hold

    /// "CASLIM" and the version of the layout.
    static let magic: UInt64 = 0x4341_534C_494D_0003
    /// How many processes can have it open.
    static let columns = 480
    static let (columnsStart, recordSegmentsStart, holdSegmentsStart, segmentsStart) = (4096, 8192, 12_288, 16_384)
    /// By how much the file grows; an index takes as many as it needs, one after the other.
    static let segmentSize = 1 << 20
    static let (recordsInSegment, holdsInSegment) = (
        segmentSize / MemoryLayout<Record>.size, segmentSize / MemoryLayout<Hold>.size
    )
    static let (mostRecordSegments, mostHoldSegments, mostSegments) = (768, 16, 896)
    static let firstIndexBits = 18
    private static let length = segmentsStart + mostSegments * segmentSize
    /// Where the bytes are that processes lock, far behind the content.
    private static let locks: Int64 = 1 << 40

    /// The rows of the ledger that a writer wrote of some calls in some days, which are counted since 1970-01-01.
    typealias RowsOfCalls =
        @Sendable (_ writer: Int, _ days: Set<Int>, _ calls: Set<UInt64>) throws(StoreError) -> [UInt64: [UsageRow]]

    let kept: OpenFile
    let base: UnsafeMutableRawPointer
    let column: Int
    let rows: RowsOfCalls
    /// Gets those of dead processes that left no row.
    let lost: LostCalls
    /// So many segments the file was seen to have.
    private var knownSegments = 0
    var lastReclaim = ContinuousClock.now - .seconds(60)
    /// For tests: called between the writes of a change, with the table locked.
    var onStep: (() -> Void)?

    var head: UnsafeMutablePointer<Head> { base.assumingMemoryBound(to: Head.self) }
    private let mutex: SharedMutex

    /// - Parameter isAlone: Nobody else can have it open.
    private init(
        _ kept: OpenFile, column: Int, isAlone: Bool, lost: LostCalls, rows: @escaping RowsOfCalls
    ) throws(StoreError) {
        // A copy may have holes, and a write to one kills the process when the disk is full.
        try Self.allocate(kept, from: 0, count: max(try kept.file.size, Self.segmentsStart))
        guard
            let base = mmap(nil, Self.length, PROT_READ | PROT_WRITE, MAP_SHARED, kept.file.descriptor, 0),
            base != MAP_FAILED
        else { throw .last("mmap", kept.file.path) }
        self.kept = kept
        self.base = base
        self.column = column
        self.rows = rows
        self.lost = lost
        let place = UnsafeMutableRawPointer(base) + (MemoryLayout<Head>.offset(of: \.mutex) ?? 0)
        mutex = SharedMutex(mutex: place.assumingMemoryBound(to: pthread_mutex_t.self))
        if isAlone { mutex.make() }
        if head.pointee.magic == 0 { try begin() }
    }

    deinit { munmap(base, Self.length) }

    /// Opens the table.
    ///
    /// Where nobody has it open it is begun anew, unless its numbers are of this boot.
    ///
    /// The lock of the caller keeps others from opening it meanwhile.
    ///
    /// - Parameters:
    ///   - writer: Which of the ledger's files are this process's.
    ///   - lost: Gets the calls of dead processes that left no row.
    ///   - rows: Reads such files.
    static func open(
        _ path: String, writer: Int = 0, boot: String = SystemBoot.id, lost: LostCalls = LostCalls(),
        rows: @escaping RowsOfCalls
    ) throws(StoreError) -> LimitsTable {
        let digest = Hex.sha256Word(boot)
        let kept = try OpenFile(path, O_RDWR | O_CREAT)
        guard let column = takeColumn(of: kept) else { throw StoreError(.busy, "find a free column of", path: path) }
        let isShared = ByteLock.isTakenElsewhere(kept.file.descriptor, locks..<(locks + Int64(columns)))
        if try isWhole(kept.file, boot: digest) {
            let table = try LimitsTable(kept, column: column, isAlone: !isShared, lost: lost, rows: rows)
            try table.join(as: writer)
            return table
        }
        // Another file: somebody may still have mapped this one.
        try Directory.removeFile(path, durably: false)
        let fresh = try OpenFile(path, O_RDWR | O_CREAT)
        guard let column = takeColumn(of: fresh) else { throw StoreError(.busy, "find a free column of", path: path) }
        let table = try LimitsTable(fresh, column: column, isAlone: true, lost: lost, rows: rows)
        try table.join(as: writer)
        table.head.pointee.boot = digest
        table.head.pointee.is_ready = 1
        return table
    }

    private static func takeColumn(of kept: OpenFile) -> Int? {
        (0..<columns).first { ByteLock.take(kept.file.descriptor, locks + Int64($0)) }
    }

    /// Takes over the column, and gives back what dead processes hold, whoever had the column before among them.
    private func join(as writer: Int) throws(StoreError) {
        _ = try giveBack(ofOwn: true)
        try locked { () throws(StoreError) in
            head.pointee.columns = max(head.pointee.columns, UInt32(column + 1))
            holds[column] = 0
            writers[column] = UInt32(clamping: writer)
        }
    }

    /// Whether the process that had the column is dead, or never was.
    func isAbandoned(_ column: Int) -> Bool {
        let byte = Self.locks + Int64(column)
        return column != self.column && !ByteLock.isTakenElsewhere(kept.file.descriptor, byte..<(byte + 1))
    }

    private static func isWhole(_ file: borrowing File, boot: UInt64) throws(StoreError) -> Bool {
        let bytes = try file.read(at: 0, count: MemoryLayout<Head>.size)
        guard bytes.count == MemoryLayout<Head>.size else { return false }
        var head = Head()
        withUnsafeMutableBytes(of: &head) { $0.copyBytes(from: bytes) }
        guard head.magic == magic, head.is_ready == 1, head.boot == boot, isSound(head) else { return false }
        return try file.size >= segmentsStart + Int(head.segments) * segmentSize
    }

    private static func isSound(_ head: Head) -> Bool {
        let (bits, first) = (Int(head.index & 0xFF), Int(clamping: head.index >> 8))
        guard (firstIndexBits...24).contains(bits), first < mostSegments else { return false }
        return head.magic == magic && head.columns <= UInt32(columns) && head.segments <= UInt32(mostSegments)
            && first + (4 << bits) / segmentSize <= Int(head.segments)
            && head.record_segments <= UInt32(mostRecordSegments) && head.hold_segments <= UInt32(mostHoldSegments)
            && Int(head.record_count) <= Int(head.record_segments) * recordsInSegment
            && Int(head.hold_count) <= Int(head.hold_segments) * holdsInSegment
            && Int(head.free_hold) <= Int(head.hold_count)
    }

    /// Runs `body` while no other thread of any process touches the table.
    ///
    /// - Throws: ``StoreError/Kind/busy`` where somebody was stopped in there, ``StoreError/Kind/corrupt`` for a table
    ///   that somebody has written over, and what `body` throws.
    func locked<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        try mutex.lock(kept.file.path)
        defer { mutex.unlock() }
        guard Self.isSound(head.pointee) else {
            throw StoreError(.corrupt, "find the head of", path: kept.file.path)
        }
        if Int(head.pointee.segments) > knownSegments {
            guard try kept.file.size >= Self.segmentsStart + Int(head.pointee.segments) * Self.segmentSize else {
                throw StoreError(.corrupt, "find the end of", path: kept.file.path)
            }
            knownSegments = Int(head.pointee.segments)
        }
        if head.pointee.is_dirty != 0 { undo() }
        return try body()
    }

    // MARK: Growth

    /// Makes an empty table of zeros.
    private func begin() throws(StoreError) {
        let first = try grow(by: (4 << Self.firstIndexBits) / Self.segmentSize, after: 0)
        head.pointee.index = UInt64(first) << 8 | UInt64(Self.firstIndexBits)
        head.pointee.segments = 1
        head.pointee.magic = Self.magic
    }

    /// Makes room for segments behind the `count` that there are; they count once the head says so.
    private func grow(by more: Int, after count: Int) throws(StoreError) -> Int {
        guard count + more <= Self.mostSegments else { throw StoreError(.unavailable, "grow", path: kept.file.path) }
        let start = Self.segmentsStart + count * Self.segmentSize
        try Self.allocate(kept, from: start, count: more * Self.segmentSize)
        // Whoever was killed while it grew may have left something.
        memset(base + start, 0, more * Self.segmentSize)
        return count
    }

    private static func allocate(_ kept: OpenFile, from start: Int, count: Int) throws(StoreError) {
        var code: Int32
        repeat { code = posix_fallocate(kept.file.descriptor, off_t(start), off_t(count)) } while code == EINTR
        guard code == 0 else { throw StoreError(.unavailable, "posix_fallocate", path: kept.file.path, code: code) }
    }

    private func segments(at start: Int) -> UnsafeMutablePointer<UInt32> {
        (base + start).assumingMemoryBound(to: UInt32.self)
    }

    private func growRecords() throws(StoreError) {
        let count = Int(head.pointee.record_segments)
        guard count < Self.mostRecordSegments else { throw StoreError(.unavailable, "grow", path: kept.file.path) }
        let segment = try grow(by: 1, after: Int(head.pointee.segments))
        segments(at: Self.recordSegmentsStart)[count] = UInt32(segment)
        limits_table_mark(&head.pointee.segments, UInt32(segment + 1))
        limits_table_mark(&head.pointee.record_segments, UInt32(count + 1))
    }

    private func growHolds() throws(StoreError) {
        let count = Int(head.pointee.hold_segments)
        guard count < Self.mostHoldSegments else {
            throw StoreError(.busy, "find a free hold of", path: kept.file.path)
        }
        let segment = try grow(by: 1, after: Int(head.pointee.segments))
        segments(at: Self.holdSegmentsStart)[count] = UInt32(segment)
        limits_table_mark(&head.pointee.segments, UInt32(segment + 1))
        limits_table_mark(&head.pointee.hold_segments, UInt32(count + 1))
    }

    // MARK: Places

    private func segment(_ number: UInt32) -> UnsafeMutableRawPointer {
        base + Self.segmentsStart + min(Int(number), max(0, Int(head.pointee.segments) - 1)) * Self.segmentSize
    }

    func record(_ index: Int) -> UnsafeMutablePointer<Record> {
        let (number, place) = index.quotientAndRemainder(dividingBy: Self.recordsInSegment)
        return segment(segments(at: Self.recordSegmentsStart)[number])
            .assumingMemoryBound(to: Record.self) + place
    }

    func hold(_ index: Int) -> UnsafeMutablePointer<Hold> {
        let (number, place) = index.quotientAndRemainder(dividingBy: Self.holdsInSegment)
        return segment(segments(at: Self.holdSegmentsStart)[number]).assumingMemoryBound(to: Hold.self) + place
    }

    /// How many holds the process of each column has.
    var holds: UnsafeMutablePointer<UInt32> { segments(at: Self.columnsStart) }

    /// The number as which the process of each column writes rows.
    var writers: UnsafeMutablePointer<UInt32> { segments(at: Self.columnsStart + 4 * Self.columns) }

    /// A free place for a hold, which stays free until ``keep(_:at:)``.
    func freeHold() throws(StoreError) -> Int {
        let free = Int(head.pointee.free_hold)
        if free > 0 { return free - 1 }
        let count = Int(head.pointee.hold_count)
        if count == Int(head.pointee.hold_segments) * Self.holdsInSegment { try growHolds() }
        return count
    }

    // MARK: The index

    private func index(_ packed: UInt64) -> (places: UnsafeMutablePointer<UInt32>, mask: Int) {
        let first = segment(UInt32(truncatingIfNeeded: packed >> 8))
        return (first.assumingMemoryBound(to: UInt32.self), (1 << Int(packed & 0xFF)) - 1)
    }

    /// Where the record of that digest is; nil where there is none.
    func find(_ digest: UInt64) -> Int? {
        let (places, mask) = index(head.pointee.index)
        var place = Int(truncatingIfNeeded: digest) & mask
        // One that counts no record yet was left by a kill, and is free like none.
        while case let number = Int(places[place]), number > 0, number <= Int(head.pointee.record_count) {
            if record(number - 1).pointee.digest == digest { return number - 1 }
            place = (place + 1) & mask
        }
        return nil
    }

    /// The record of that digest, which is made where there is none.
    func record(of digest: UInt64) throws(StoreError) -> Int {
        if let index = find(digest) { return index }
        let count = Int(head.pointee.record_count)
        if count == Int(head.pointee.record_segments) * Self.recordsInSegment { try growRecords() }
        if (count + 1) * 2 > 1 << Int(head.pointee.index & 0xFF) { try growIndex() }
        var fresh = Record()
        fresh.digest = digest
        record(count).pointee = fresh
        enter(count, digest, into: head.pointee.index)
        // Last, so that a record that is only half there does not count.
        limits_table_mark(&head.pointee.record_count, UInt32(count + 1))
        return count
    }

    private func enter(_ number: Int, _ digest: UInt64, into packed: UInt64) {
        let (places, mask) = index(packed)
        var place = Int(truncatingIfNeeded: digest) & mask
        while case let taken = Int(places[place]), taken > 0, taken <= Int(head.pointee.record_count) {
            place = (place + 1) & mask
        }
        places[place] = UInt32(number + 1)
    }

    /// Makes an index of twice the size beside this one, then takes its place.
    private func growIndex() throws(StoreError) {
        let bits = head.pointee.index & 0xFF + 1
        let more = (4 << Int(bits)) / Self.segmentSize
        let first = try grow(by: more, after: Int(head.pointee.segments))
        limits_table_mark(&head.pointee.segments, UInt32(first + more))
        let packed = UInt64(first) << 8 | bits
        for number in 0..<Int(head.pointee.record_count) {
            enter(number, record(number).pointee.digest, into: packed)
        }
        limits_table_mark64(&head.pointee.index, packed)
    }
}
