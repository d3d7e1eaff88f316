import CLinux
import Glibc
import Synchronization

/// The right of one process to write logs of that number, in every archive.
final class ArchiveWriter: Sendable {
    private let path: String
    private let taken = Mutex<(number: Int, lease: Lease)?>(nil)
    /// Orders the appends of this process to one log.
    private static let queue = StripedMutex()

    /// - Parameter path: Where the numbers are held, a byte each.
    init(_ path: String) { self.path = path }

    /// The lowest number that no living process has; taken with the first use.
    func number() throws(StoreError) -> Int {
        if let number = taken.withLock({ $0?.number }) { return number }
        for number in 0..<ArchiveIndex.mostLogs {
            guard let lease = try Lease.take(path, offset: Int64(number)) else { continue }
            return taken.withLock { taken in
                // Another thread was first; then this lease ends here.
                if let taken { return taken.number }
                taken = (number, lease)
                return number
            }
        }
        throw StoreError(.busy, "find a free writer's number in", path: path)
    }

    /// Appends whole lines with one write.
    ///
    /// After an error nothing has changed.
    ///
    /// - Returns: Where the first of them stands, and whether the log was begun with them.
    func append(_ lines: [UInt8], to archive: Archive) throws(StoreError) -> (log: Int, offset: Int) {
        let number = try number()
        return (number, try append(lines, to: archive.path(ofLog: number)))
    }

    /// The same to a file that is this writer's alone.
    func append(_ lines: [UInt8], to path: String) throws(StoreError) -> Int {
        guard Self.queue.enter(path, atMost: .seconds(5)) else { throw StoreError(.busy, "wait for", path: path) }
        defer { Self.queue.leave(path) }
        let kept = try OpenFileCache.shared.file(path, O_RDWR | O_APPEND | O_CREAT)
        let end = try AppendLog.append(lines, to: kept.file, after: kept.wholeUpTo.load(ordering: .relaxed))
        kept.wholeUpTo.store(end, ordering: .relaxed)
        return end - lines.count
    }
}

extension Archive {
    /// The lines that a turn's end stores: the last turn, or all of a conversation without a tail.
    static func lines(
        of end: TurnEnd, after tail: Conversation.Tail?, known: [String] = [], gone: String? = nil
    ) -> [UInt8] {
        let conversation = end.conversation
        let turns = tail == nil ? conversation.turns[...] : conversation.turns.suffix(1)
        let now = Int(Timestamp.now.microsecondsSinceEpoch)
        var before = tail?.place
        var (sequence, count, bytes) = (tail?.sequence ?? 0, tail?.turns ?? 0, tail?.bytes ?? 0)
        var parent = tail?.turnID
        let head = conversation.head
        let hasNewHead = tail == nil || tail?.head != nil && tail?.head != head
        var output: [UInt8] = []
        for (place, turn) in turns.enumerated() {
            sequence += 1
            count += 1
            var line = ArchiveLine(
                conversation: conversation.id, sequence: sequence, turns: count, writtenAt: now, before: before,
                bytesBefore: bytes, parent: parent, title: conversation.title, createdAt: conversation.createdAt,
                updatedAt: turn.startedAt, origin: conversation.origin, turnID: turn.id)
            if place == turns.count - 1 {
                (line.known, line.gone) = (known, gone)
                line.rowDay = end.rows.first { $0.turn == turn.id }?.day
            }
            let isFirst = place == 0
            if isFirst, hasNewHead { line.head = head }
            let encoded = line.encode(turn: turn.line, isBeforeAdjacent: !isFirst)
            output += encoded
            // Where it will stand is not known yet; the next line says only how far back it is.
            before = LinePlace(log: 0, offset: 0, size: encoded.count)
            bytes += encoded.count
            parent = turn.id
        }
        return output
    }

    /// Overwrites lines with spaces, those of a conversation in the order in which they are given.
    func blank(_ places: [LinePlace], durable: Bool) throws(StoreError) {
        for log in Set(places.map(\.log)) {
            // Not the file that is kept open: with O_APPEND pwrite(2) on Linux appends wherever it is told to write.
            guard let file = try File.opening(path(ofLog: log), O_RDWR) else { continue }
            for place in places where place.log == log { try file.write(place.blank, at: place.offset) }
            if durable { try file.syncData() }
            for place in places where place.log == log { Self.giveBack(place, of: file) }
        }
    }

    /// Gives the file system back whole blocks that hold nothing but removed lines, where it can.
    ///
    /// They read as zeros then. The last byte before what follows stays, because a line begins after a line feed.
    private static func giveBack(_ place: LinePlace, of file: borrowing File) {
        let block = 4096
        let end = place.offset + place.size
        let start = max(0, place.offset - block)
        guard let before = try? file.read(at: start, count: place.offset - start),
            let after = try? file.read(at: end, count: block + 1)
        else { return }
        let first = place.offset - before.reversed().prefix { LinePlace.isBlank([$0]) }.count
        let last = end + after.prefix { LinePlace.isBlank([$0]) }.count - 1
        let (from, to) = ((first + block - 1) / block * block, last / block * block)
        // FALLOC_FL_KEEP_SIZE and FALLOC_FL_PUNCH_HOLE of fallocate(2); a file system that cannot keeps its blocks.
        if to > from { _ = fallocate(file.descriptor, 1 | 2, from, to - from) }
    }
}
