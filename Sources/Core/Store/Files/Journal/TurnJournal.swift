import CLinux
import Glibc
import Synchronization

/// Makes appends to many files durable with one sync for all that wait, in a file that never grows.
///
/// An append is written to its own file without a sync, where every process sees it at once, and then to the journal.
/// After a power cut ``Journals`` writes it again from there. The journal has two halves: when one is full the
/// other goes on, and the first is free again once the whole file system was synced. Its blocks exist from the
/// beginning, so a sync of it changes no metadata, which costs half of what the sync of a new file does.
///
/// A half that is free holds zeros: what users said and removed must not stay here. A minute after its first record a
/// half counts as full.
///
/// A journal belongs to one process; whose process has ended is recovered by another.
///
/// Unchecked: everything is touched only while `mutex` is held, but what only the writing thread uses.
final class TurnJournal: @unchecked Sendable {
    /// Runs what wakes all turns of a batch, where they go on best.
    typealias Wake = @Sendable (@escaping @Sendable () -> Void) -> Void

    private struct Waiting: Sendable {
        var records: [JournalRecord]
        var size: Int
        var continuation: CheckedContinuation<StoreError?, Never>
    }

    private let kept: OpenFile
    /// The right to the file; kept, not read.
    private let lease: Lease
    private let half: Int
    private let lifetime: Duration
    private let mutex = ConditionMutex()
    private let wake: Wake
    private var waiting: [Waiting] = []
    /// When the last records came, as many as ``company``.
    private var arrivals: [ContinuousClock.Instant] = []
    private var isWriting = false
    private var isClosed = false
    private var isOtherHalfFree = true
    private var failure: StoreError?
    // Of the writing thread: where the next record goes, the half and the place in it, since when there are records in
    // it, and that half's generation.
    private var current = 0
    private var position = 0
    private var begun = ContinuousClock.now
    private var generation: Int

    /// - Parameters:
    ///   - kept: A file of twice `half` bytes without records, made by ``JournalFile``.
    ///   - lifetime: How long a half takes records.
    ///   - wake: Called once for each batch that is done, on the writing thread.
    init(
        _ kept: OpenFile, lease: Lease, half: Int, lifetime: Duration = .seconds(60), wake: @escaping Wake = { $0() }
    ) {
        self.kept = kept
        self.lease = lease
        self.half = half
        self.lifetime = lifetime
        self.wake = wake
        // Never one that was there before: records of an earlier life may stand behind those of this one.
        generation = .random(in: 1...(1 << 60))
        startThread { [self] in run() }
    }

    /// Makes what stands in some files durable, all of it with one sync; returns when it is.
    ///
    /// - Parameter records: Each with the stamp from before it was written to its file. After a power cut those of them
    ///   that come first are there where not all are.
    /// - Returns: False for more than the journal takes; the caller must sync the files itself.
    /// - Throws: ``StoreError/Kind/outcomeUnknown``, also for all later ones: the process should end.
    func commit(_ records: [JournalRecord]) async throws(StoreError) -> Bool {
        let size = records.reduce(0) { $0 + $1.size }
        guard records.reduce(0, { $0 + $1.bytes.count }) <= half / 4 else { return false }
        let outcome = await withCheckedContinuation { (continuation: CheckedContinuation<StoreError?, Never>) in
            let (late, wakes) = mutex.withLock { () -> (StoreError?, Bool) in
                if let failure { return (failure, false) }
                if isClosed { return (failed("use the closed", 0), false) }
                waiting.append(Waiting(records: records, size: size, continuation: continuation))
                arrivals.append(.now)
                if arrivals.count > Self.company { arrivals.removeFirst() }
                return (nil, waiting.count == 1 || waiting.count == Self.enough)
            }
            // Not under the lock, which the writing thread would run into.
            if wakes { mutex.wakeAll() }
            if let late { continuation.resume(returning: late) }
        }
        if let outcome { throw outcome }
        return true
    }

    /// Says that nothing in it is needed any more; for the end of the process.
    func close() {
        mutex.withLock {
            isClosed = true
            mutex.wakeAll()
            while !waiting.isEmpty || isWriting || !isOtherHalfFree && failure == nil { mutex.wait() }
            guard failure == nil, position > 0 else { return }
            _ = free(half: current, position)
        }
    }

    // MARK: The writing thread

    private func run() {
        mutex.withLock {
            while true {
                while waiting.isEmpty {
                    if isClosed { return }
                    turnIfOld()
                    if position > 0 { mutex.wait(atMost: lifetime) } else { mutex.wait() }
                }
                awaitCompany()
                isWriting = true
                var batch: [Waiting] = []
                if let count = room() {
                    batch = Array(waiting.prefix(count))
                    waiting.removeFirst(count)
                    let outcome = mutex.released { write(batch.flatMap(\.records)) }
                    failure = failure ?? outcome
                    let told = outcome
                    tell(batch, told)
                }
                if failure != nil {
                    let (lost, told) = (waiting, failure)
                    waiting = []
                    tell(lost, told)
                }
                isWriting = false
                if isClosed { mutex.wakeAll() }
            }
        }
    }

    /// Of so many records within ``recently`` the last is not the last for long.
    private static let (company, recently) = (4, Duration.milliseconds(2))
    /// So long is waited for more records, or until there are so many.
    private static let (longestWait, enough) = (Duration.microseconds(600), 16)

    /// A sync takes about as long for one record as for many, so under load the first waits a moment for others.
    private func awaitCompany() {
        guard arrivals.count == Self.company, let first = arrivals.first, first.duration(to: .now) < Self.recently
        else {
            return
        }
        let end = ContinuousClock.now + Self.longestWait
        while waiting.count < Self.enough, !isClosed {
            let left = ContinuousClock.now.duration(to: end)
            guard left > .zero else { return }
            mutex.wait(atMost: left)
        }
    }

    private func tell(_ batch: [Waiting], _ outcome: StoreError?) {
        guard !batch.isEmpty else { return }
        mutex.released { wake { for one in batch { one.continuation.resume(returning: outcome) } } }
    }

    /// How many of those that wait go into the current half, which is another one if none did; nil after a failure.
    private func room() -> Int? {
        turnIfOld()
        while true {
            var (count, size) = (0, 0)
            for one in waiting {
                guard position + size + one.size <= half else { break }
                size += one.size
                count += 1
            }
            if count > 0 { return count }
            while !isOtherHalfFree, failure == nil { mutex.wait() }
            guard failure == nil else { return nil }
            turn()
        }
    }

    private func turnIfOld() {
        if position > 0, isOtherHalfFree, begun.duration(to: .now) >= lifetime { turn() }
    }

    /// Goes on in the other half, and has this one freed.
    private func turn() {
        let (full, end) = (current, position)
        current = 1 - current
        position = 0
        generation += 1
        isOtherHalfFree = false
        startThread { [self] in
            let outcome = free(half: full, end)
            mutex.withLock {
                if let outcome { failure = failure ?? outcome } else { isOtherHalfFree = true }
                mutex.wakeAll()
            }
        }
    }

    /// Empties a half of which the first `count` bytes are records.
    private func free(half index: Int, _ count: Int) -> StoreError? {
        guard syncfs(kept.file.descriptor) == 0 else { return failed("syncfs", errno) }
        do throws(StoreError) { try JournalFile.clear(kept.file, at: index * half, count: count) } catch {
            return failed(error.operation, error.code)
        }
        return nil
    }

    private func write(_ records: [JournalRecord]) -> StoreError? {
        var bytes: [UInt8] = []
        for record in records { record.encode(to: &bytes, generation: generation) }
        guard kept.isInPlace else { return failed("find", 0) }
        do throws(StoreError) {
            try kept.file.write(bytes, at: current * half + position)
            try kept.file.syncData()
        } catch {
            return failed(error.operation, error.code)
        }
        if position == 0 { begun = .now }
        position += bytes.count
        return nil
    }

    private func failed(_ operation: String, _ code: Int32) -> StoreError {
        StoreError(.outcomeUnknown, operation, path: kept.file.path, code: code)
    }
}
