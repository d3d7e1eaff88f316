import CLinux
import Glibc

/// Everything here is called with the table locked.
extension LimitsTable {
    // MARK: Undo

    /// Copies what a change is going to overwrite.
    func prepare(_ records: [Int], hold index: Int, of column: Int) {
        let head = head
        head.pointee.undo.count = UInt32(records.count)
        let undone = limits_table_undone(&head.pointee.undo)
        let before = limits_table_before(&head.pointee.undo)
        for (place, number) in records.enumerated() {
            undone[place] = UInt32(number)
            before[place] = record(number).pointee
        }
        head.pointee.undo.hold = UInt32(index)
        head.pointee.undo.hold_before = hold(index).pointee
        head.pointee.undo.column = UInt32(column)
        head.pointee.undo.column_holds = holds[column]
        head.pointee.undo.free_hold = head.pointee.free_hold
        head.pointee.undo.hold_count = head.pointee.hold_count
        limits_table_mark(&head.pointee.is_dirty, 1)
    }

    func commit() { limits_table_mark(&head.pointee.is_dirty, 0) }

    /// Puts back what somebody was changing who was killed meanwhile.
    func undo() {
        let head = head
        let count = min(Int(head.pointee.undo.count), LimitClaim.mostParts)
        let undone = limits_table_undone(&head.pointee.undo)
        let before = limits_table_before(&head.pointee.undo)
        for place in 0..<count where undone[place] < head.pointee.record_count {
            record(Int(undone[place])).pointee = before[place]
        }
        hold(Int(head.pointee.undo.hold)).pointee = head.pointee.undo.hold_before
        holds[min(Int(head.pointee.undo.column), Self.columns - 1)] = head.pointee.undo.column_holds
        head.pointee.free_hold = head.pointee.undo.free_hold
        head.pointee.hold_count = head.pointee.undo.hold_count
        commit()
    }

    // MARK: Holds

    /// Keeps a hold at a place that is free; within a change.
    func keep(_ hold: Hold, at index: Int) {
        if index == Int(head.pointee.hold_count) {
            head.pointee.hold_count += 1
        } else {
            head.pointee.free_hold = self.hold(index).pointee.next
        }
        self.hold(index).pointee = hold
        holds[Int(hold.column)] &+= 1
    }

    /// Counts what a call used, and frees its hold.
    func settle(_ index: Int, _ end: LimitHold.End, tick now: UInt32) {
        let held = hold(index).pointee
        guard held.count > 0, held.count <= LimitClaim.mostParts, held.column < UInt32(Self.columns) else { return }
        let numbers = limits_table_records(hold(index))
        let records = (0..<Int(held.count)).map { Int(numbers[$0]) }.filter { $0 < Int(head.pointee.record_count) }
        prepare(records, hold: index, of: Int(held.column))
        for number in records {
            let record = record(number)
            record.pointee.reserved_tokens &-= held.tokens
            record.pointee.reserved_nano &-= held.nano
            record.pointee.running &-= 1
            record.advance(to: now)
            onStep?()
            switch end {
            case .nothing: record.takeBackRequest(of: held.tick)
            case .used(let tokens, let nano):
                let tokens = Int64(min(max(0, tokens), LimitClaim.mostTokens))
                let nano = Int64(min(max(0, nano), Money.largest))
                record.addTokens(tokens)
                if record.pointee.day == held.day { record.pointee.day_tokens.add(tokens) }
                if record.pointee.month == held.month {
                    record.pointee.month_tokens.add(tokens)
                    record.pointee.month_nano.add(nano)
                }
            }
        }
        var free = Hold()
        free.next = head.pointee.free_hold
        hold(index).pointee = free
        head.pointee.free_hold = UInt32(index + 1)
        holds[Int(held.column)] &-= 1
        onStep?()
        commit()
    }
}

/// What dead processes hold; called with the table unlocked.
extension LimitsTable {
    /// A hold of a process that is dead.
    private struct DeadHold {
        var index: Int
        var hold: Hold
        var writer: Int
    }

    /// Gives back what dead processes hold, but for what they used by their rows in the ledger and did not settle.
    ///
    /// Reads those files; call it aside.
    ///
    /// - Parameter ofOwn: Whether what stands in this process's column is of one that is dead.
    /// - Returns: Whether there was something.
    func giveBack(ofOwn: Bool = false) throws(StoreError) -> Bool {
        let (columns, dead) = try locked { deadHolds(ofOwn: ofOwn) }
        var used: [Int: [UInt64: [UsageRow]]] = [:]
        for (writer, holds) in Dictionary(grouping: dead, by: \.writer) {
            // The row stands in the day in which the turn was asked for, a moment before it was reserved.
            let days = Set(holds.flatMap { [Int($0.hold.day), Int($0.hold.day) - 1] })
            used[writer] = try rows(writer, days, Set(holds.map(\.hold.call)))
        }
        let now = Moment.now
        try locked {
            var unaccounted: [Hold] = []
            for dead in dead {
                // Another process may have been first, and something else stand there by now.
                let hold = hold(dead.index).pointee
                guard hold.count > 0, hold.column == dead.hold.column, hold.call == dead.hold.call,
                    hold.tick == dead.hold.tick
                else { continue }
                // Nobody knows whether one without a row reached an upstream, so its request counts.
                let rows = used[dead.writer]?[hold.call]
                if rows == nil { unaccounted.append(hold) }
                settle(dead.index, rows.map(LimitHold.End.init) ?? .used(tokens: 0, nano: 0), tick: hold.tick)
            }
            // Whatever a corrupt count says; one that somebody has taken meanwhile counts its own.
            for column in columns where isAbandoned(column) { holds[column] = 0 }
            // Whoever settled a hold has it to itself, so that a call is told of once.
            lost.add(LostCall.calls(of: unaccounted, at: now))
        }
        return !columns.isEmpty
    }

    /// With the table locked, as what it calls.
    private func deadHolds(ofOwn: Bool) -> (columns: [Int], dead: [DeadHold]) {
        let columns = deadColumns(ofOwn: ofOwn)
        guard !columns.isEmpty else { return ([], []) }
        let dead = (0..<Int(head.pointee.hold_count)).compactMap { index -> DeadHold? in
            let hold = hold(index).pointee
            guard hold.count > 0, columns.contains(Int(hold.column)) else { return nil }
            return DeadHold(index: index, hold: hold, writer: Int(writers[Int(hold.column)]))
        }
        return (columns, dead)
    }

    private func deadColumns(ofOwn: Bool = false) -> [Int] {
        (0..<Int(head.pointee.columns)).filter { column in
            holds[column] > 0 && (isAbandoned(column) || ofOwn && column == self.column)
        }
    }

    /// The same, unless it was done a moment ago.
    func giveBackIfDue() throws(StoreError) -> Bool {
        let isDue = try locked {
            let now = ContinuousClock.now
            guard now - lastReclaim > .milliseconds(50) else { return false }
            lastReclaim = now
            return !deadColumns().isEmpty
        }
        return isDue ? try aside { () throws(StoreError) in try giveBack() } : false
    }
}

extension UnsafeMutablePointer<limits_table_record> {
    private static var ring: UInt32 { UInt32(limits_table_ring) }

    var requests: UnsafeMutablePointer<UInt32> { limits_table_requests(self) }
    var tokens: UnsafeMutablePointer<UInt32> { limits_table_tokens(self) }

    /// Empties what has left the window.
    ///
    /// A clock that was read earlier than another's changes nothing.
    func advance(to tick: UInt32) {
        guard tick > pointee.tick else { return }
        let steps = Swift.min(tick - pointee.tick, Self.ring)
        for step in 0..<steps {
            let place = Int((tick - step) % Self.ring)
            requests[place] = 0
            tokens[place] = 0
        }
        pointee.tick = tick
    }

    func addRequest() { requests[Int(pointee.tick % Self.ring)].add(1) }

    func addTokens(_ count: Int64) { tokens[Int(pointee.tick % Self.ring)].add(UInt32(clamping: count)) }

    func takeBackRequest(of tick: UInt32) {
        guard tick <= pointee.tick, pointee.tick - tick < Self.ring else { return }
        let place = Int(tick % Self.ring)
        if requests[place] > 0 { requests[place] -= 1 }
    }
}

extension UInt32 {
    /// Adds, and stays at the largest.
    fileprivate mutating func add(_ more: UInt32) {
        let (sum, isOver) = addingReportingOverflow(more)
        self = isOver ? .max : sum
    }
}

extension Int64 {
    /// So large that nothing was ever used more, and so small that some of them make a sum.
    static let mostUsed = Int64.max / 8

    /// Adds, and stays at the most.
    fileprivate mutating func add(_ more: Int64) { self = Swift.min(Swift.max(0, self), .mostUsed - more) + more }
}
