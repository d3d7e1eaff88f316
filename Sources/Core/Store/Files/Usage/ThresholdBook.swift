import Glibc
import Logging
import Synchronization

/// Which thresholds of limits were noticed, and which of them are still to be told; see docs/adr/0011-thresholds.md.
///
/// One process has it at a time. A crossing is noted by one line of `usage/thresholds/log.jsonl`, made durable at once,
/// that is both the mark that it is not noticed again in its period and the call that is to be made. A second line says
/// that the call has ended. Where a process dies in between, the next makes the call, again perhaps: receivers get each
/// call at least once, and know doubles by its `id`.
package final class ThresholdBook: Sendable {
    /// The most calls that wait; with so many of them nothing is noted, so that it is noticed again later.
    static let mostWaiting = 10_000
    /// The most crossings of periods that are not over.
    static let mostMarks = 500_000
    /// By how many bytes the file grows before what is over is taken out of it.
    static let slack = 4 << 20

    private struct State {
        /// Until when what was noticed is not noticed again, by the beginnings of ids.
        var marks: [UInt64: Timestamp] = [:]
        /// The oldest first.
        var waiting: [ThresholdCall] = []
        /// In bytes.
        var size = 0
        var sizeWhenCompacted = 0
        var compactedAt = Timestamp.now
        var tail: RowTail
    }

    let store: JSONFileStore
    private let path: String
    private let lease: Lease
    private let state: Mutex<State>

    init(_ store: JSONFileStore, lease: Lease) throws(StoreError) {
        self.store = store
        self.lease = lease
        path = store.layout.thresholds
        var state = State(tail: RowTail(root: store.layout.usageRows))
        // What was written before is found by those who look at all users.
        _ = try state.tail.next(store.recentDays, skipping: true)
        try Self.load(&state, path, store.log)
        try Self.compact(&state, path, durable: store.isDurable)
        self.state = Mutex(state)
    }

    // MARK: Crossings

    package func isNoted(_ id: String) -> Bool { state.withLock { $0.marks[Self.mark(id)] != nil } }

    /// The calls that are to be made, the oldest first.
    package var waiting: [ThresholdCall] { state.withLock { $0.waiting } }

    package func isWaiting(_ id: String) -> Bool { state.withLock { $0.waiting.contains { $0.id == id } } }

    /// Notes crossings that were not noted before, so that they survive all that acknowledged writes do.
    ///
    /// After an error it is not known which are noted; then this object is of no use any more.
    ///
    /// - Returns: How many there was no room for.
    package func note(_ calls: [ThresholdCall]) throws(StoreError) -> Int {
        try state.withLock { state throws(StoreError) in
            try compactIfDue(&state)
            var ids: Set<UInt64> = []
            let new = calls.filter { state.marks[Self.mark($0.id)] == nil && ids.insert(Self.mark($0.id)).inserted }
            let room = max(0, min(Self.mostWaiting - state.waiting.count, Self.mostMarks - state.marks.count))
            let noted = new.prefix(room)
            if !noted.isEmpty {
                try append(noted.map(\.record), to: &state, durable: store.isDurable)
                for call in noted { state.marks[Self.mark(call.id)] = call.end }
                state.waiting += noted
            }
            return new.count - noted.count
        }
    }

    /// Notes that a call has come to its end, well or not; should that be lost it is made again.
    package func end(_ id: String) throws(StoreError) {
        try state.withLock { state throws(StoreError) in
            state.waiting.removeAll { $0.id == id }
            try append([["done": JSON(id)]], to: &state, durable: false)
        }
    }

    private static func mark(_ id: String) -> UInt64 { UInt64(id.prefix(16), radix: 16) ?? 0 }

    // MARK: The file

    private func append(_ lines: [JSON], to state: inout State, durable: Bool) throws(StoreError) {
        let file = try File(path, O_RDWR | O_APPEND)
        state.size = try AppendLog.append(lines, to: file, durable: durable)
    }

    private static func load(_ state: inout State, _ path: String, _ log: Logger) throws(StoreError) {
        guard let (lines, skipped) = try AppendLog.read(path) else { return }
        if skipped > 0 { log.error("lines of the log of thresholds are corrupt", metadata: ["count": "\(skipped)"]) }
        var calls: [String: ThresholdCall] = [:]
        for line in lines {
            if let done = line["done"]?.string {
                calls[done] = nil
            } else if let id = line["id"]?.string, let end = line["end"]?.int {
                state.marks[mark(id)] = Timestamp(microsecondsSinceEpoch: Int64(end))
                calls[id] = ThresholdCall(record: line)
            }
        }
        state.waiting = calls.values.sorted { ($0.at, $0.id) < ($1.at, $1.id) }
    }

    private func compactIfDue(_ state: inout State) throws(StoreError) {
        let hasGrown = state.size > state.sizeWhenCompacted + Self.slack
        guard hasGrown || Timestamp.now - state.compactedAt > .seconds(86_400) else { return }
        try Self.compact(&state, path, durable: store.isDurable)
    }

    /// Writes the file anew without what is over.
    private static func compact(_ state: inout State, _ path: String, durable: Bool) throws(StoreError) {
        let now = Timestamp.now
        state.marks = state.marks.filter { $0.value > now }
        let waiting = Set(state.waiting.map { mark($0.id) })
        var bytes = state.waiting.flatMap { ChecksummedLine.encode($0.record) }
        for (mark, end) in state.marks where !waiting.contains(mark) {
            let digits = String(mark, radix: 16)
            let id = String(repeating: "0", count: 16 - digits.utf8.count) + digits
            bytes += ChecksummedLine.encode(["id": JSON(id), "end": JSON(Int(end.microsecondsSinceEpoch))])
        }
        try AtomicFile.write(bytes, to: path, durable: durable)
        (state.size, state.sizeWhenCompacted, state.compactedAt) = (bytes.count, bytes.count, now)
    }

    // MARK: What is used

    /// The rows that were written since the last call, or since there is this object; perhaps not all of them at once.
    package func newRows() throws(StoreError) -> [UsageRow] {
        try state.withLock { state throws(StoreError) in try state.tail.next(store.recentDays) }
    }

    /// What the rows of up to `limit` users since `day` name.
    ///
    /// - Parameter last: Goes on behind this user; an empty text begins.
    package func users(after last: String, since day: Day, limit: Int) throws(StoreError) -> UsersOfLedger {
        try store.withTotals { totals throws(StoreError) in
            try totals.fold(store.recentDays)
            return try totals.users(after: last, since: day, limit: limit)
        }
    }
}

extension JSONFileStore {
    package func thresholdBook() throws(StoreError) -> ThresholdBook? {
        guard let lease = try Lease.take(layout.thresholdsLease, offset: 0) else { return nil }
        return try ThresholdBook(self, lease: lease)
    }
}

extension ThresholdCall {
    fileprivate var record: JSON {
        [
            "id": JSON(id), "at": JSON(Int(at.microsecondsSinceEpoch)), "end": JSON(Int(end.microsecondsSinceEpoch)),
            "body": body,
        ]
    }

    /// Nil for a mark without a call.
    fileprivate init?(record: JSON) {
        guard let id = record["id"]?.string, let at = record["at"]?.int, let end = record["end"]?.int,
            let body = record["body"]
        else { return nil }
        self.init(
            id: id, at: Timestamp(microsecondsSinceEpoch: Int64(at)),
            end: Timestamp(microsecondsSinceEpoch: Int64(end)), body: body)
    }
}
