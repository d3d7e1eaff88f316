import CLinux
import Glibc

extension LimitsTable {
    /// When something happens, by both clocks.
    struct Moment {
        /// Since the boot, which no setting of the clock touches.
        var boot: UInt64
        var time: Timestamp

        /// One bucket of the minute.
        static let tick: UInt64 = 4_000_000_000

        static var now: Moment {
            var boot = timespec()
            clock_gettime(CLOCK_BOOTTIME, &boot)
            return Moment(boot: UInt64(boot.tv_sec) * 1_000_000_000 + UInt64(boot.tv_nsec), time: .now)
        }

        /// Counted from where an empty ring is in the past.
        var tick: UInt32 { UInt32(truncatingIfNeeded: boot / Self.tick + UInt64(limits_table_ring)) }

        /// When the bucket leaves the window.
        func end(of tick: UInt32) -> Timestamp {
            let end = UInt64(tick) * Self.tick
            return time + .nanoseconds(Int64(clamping: end) - Int64(clamping: boot))
        }
    }

    /// What came of a look.
    enum Outcome {
        /// The hold's place.
        case granted(hold: Int, completion: Int, LimitReport)
        /// Only time helps.
        case usedUp(LimitReport)
        /// The end of other calls helps, too.
        case busy(LimitReport)
        /// First the totals of these are needed, and handed over with the next call.
        case unknown([LimitSubject])
    }

    /// Reserves all of the claim or nothing.
    func reserve(
        _ claim: LimitClaim, _ totals: [LimitSubject: PeriodTotal], at now: Moment
    ) throws(StoreError) -> Outcome {
        let period = claim.calendar.period(at: now.time)
        var numbers: [Int] = []
        for part in claim.parts { numbers.append(try record(of: part.subject.digest)) }
        let unknown = zip(claim.parts, numbers).filter { part, number in
            totals[part.subject] == nil && needsTotals(record(number), in: period)
        }
        guard unknown.isEmpty else { return .unknown(unknown.map(\.0.subject)) }
        let free = try freeHold()

        prepare(numbers, hold: free, of: column)
        defer { commit() }
        for (part, number) in zip(claim.parts, numbers) {
            bring(record(number), to: period, totals[part.subject], now)
        }
        var completion = claim.completion
        for (part, number) in zip(claim.parts, numbers) {
            completion = min(completion, room(for: claim, part.limits, record(number)))
        }
        for isUsedUp in [true, false] {
            for (part, number) in zip(claim.parts, numbers) {
                let (tokens, nano) = (
                    claim.prompt + max(completion, claim.least),
                    claim.promptNano + claim.nano(ofCompletion: max(completion, claim.least))
                )
                for kind in Limits.Kind.allCases {
                    guard let most = part.limits.most(kind) else { continue }
                    let used = used(kind, record(number))
                    let need = kind.isTokens ? tokens : kind == .costPerMonth ? nano : 1
                    let sum = used + need + (isUsedUp ? 0 : reserved(kind, record(number)))
                    guard sum > most || isUsedUp && used >= most else { continue }
                    var refused = standing(part.subject, kind, most, record(number), period, now)
                    if kind.isOfMinute {
                        refused.resetsAt = end(of: kind, record(number), until: max(0, most - need), now)
                    }
                    let report = LimitReport(
                        standings(of: claim, numbers, period, now), refused: refused, isUsedUp: isUsedUp)
                    return isUsedUp ? .usedUp(report) : .busy(report)
                }
            }
        }

        var hold = Hold()
        hold.count = UInt32(numbers.count)
        hold.column = UInt32(column)
        hold.tokens = Int64(claim.prompt + completion)
        hold.nano = Int64(claim.promptNano + claim.nano(ofCompletion: completion))
        hold.call = claim.call
        if let origin = claim.origin { hold.origin = limits_table_call(origin) }
        hold.day = Int32(clamping: period.day)
        hold.month = Int32(clamping: period.month)
        // A ring may be ahead of this clock by a moment, which costs one that gives back no more than its request.
        hold.tick = now.tick
        for (place, number) in numbers.enumerated() {
            limits_table_records(&hold)[place] = UInt32(number)
            let record = record(number)
            record.addRequest()
            onStep?()
            record.pointee.reserved_tokens &+= hold.tokens
            record.pointee.reserved_nano &+= hold.nano
            record.pointee.running &+= 1
        }
        keep(hold, at: free)
        onStep?()
        return .granted(hold: free, completion: completion, LimitReport(standings(of: claim, numbers, period, now)))
    }

    /// How far the limits are used up, without reserving anything; records that are not there count as `totals`.
    func look(_ claim: LimitClaim, _ totals: [LimitSubject: PeriodTotal], at now: Moment) -> [LimitStanding]? {
        let period = claim.calendar.period(at: now.time)
        var found: [LimitStanding] = []
        var scratch = Record()
        for part in claim.parts {
            scratch = find(part.subject.digest).map { record($0).pointee } ?? Record()
            let isKnown = withUnsafeMutablePointer(to: &scratch) { copy in
                guard totals[part.subject] != nil || !needsTotals(copy, in: period) else { return false }
                bring(copy, to: period, totals[part.subject], now)
                for kind in Limits.Kind.allCases {
                    guard let most = part.limits.most(kind) else { continue }
                    found.append(standing(part.subject, kind, most, copy, period, now))
                }
                return true
            }
            guard isKnown else { return nil }
        }
        return found
    }

    // MARK: Periods

    /// Whether it was never seen, or an earlier period comes once more.
    private func needsTotals(_ record: UnsafeMutablePointer<Record>, in period: LimitPeriod) -> Bool {
        record.pointee.month == 0 || period.day < Int(record.pointee.day) || period.month < Int(record.pointee.month)
    }

    private func bring(
        _ record: UnsafeMutablePointer<Record>, to period: LimitPeriod, _ total: PeriodTotal?, _ now: Moment
    ) {
        record.advance(to: now.tick)
        let isNew = record.pointee.month == 0
        if isNew || period.day != Int(record.pointee.day) {
            let isTold = isNew || period.day < Int(record.pointee.day)
            record.pointee.day_tokens = isTold ? Int64(clamping: total?.dayTokens ?? 0) : 0
        }
        if isNew || period.month != Int(record.pointee.month) {
            let isTold = isNew || period.month < Int(record.pointee.month)
            record.pointee.month_tokens = isTold ? Int64(clamping: total?.monthTokens ?? 0) : 0
            record.pointee.month_nano = isTold ? Int64(clamping: total?.monthNano ?? 0) : 0
        }
        record.pointee.day = Int32(clamping: period.day)
        record.pointee.month = Int32(clamping: period.month)
    }

    // MARK: Limits

    /// The most tokens of the answer that what is left of these limits allows, whatever others have reserved.
    private func room(
        for claim: LimitClaim, _ limits: Limits, _ record: UnsafeMutablePointer<Record>
    ) -> Int {
        var room = claim.completion
        for kind in Limits.Kind.allCases {
            guard let most = limits.most(kind) else { continue }
            if kind.isTokens { room = min(room, most - used(kind, record) - claim.prompt) }
            if kind == .costPerMonth, claim.completionNano > 0 {
                room = min(room, claim.completion(for: most - used(kind, record) - claim.promptNano))
            }
        }
        // Where not even the least is left the claim is refused by what is used.
        return max(room, claim.least)
    }

    private func used(_ kind: Limits.Kind, _ record: UnsafeMutablePointer<Record>) -> Int {
        let ring = 0..<limits_table_ring
        return switch kind {
        case .requestsPerMinute: ring.reduce(0) { $0 + Int(record.requests[$1]) }
        case .tokensPerMinute: ring.reduce(0) { $0 + Int(record.tokens[$1]) }
        case .tokensPerDay: Self.sound(record.pointee.day_tokens)
        case .tokensPerMonth: Self.sound(record.pointee.month_tokens)
        case .costPerMonth: Self.sound(record.pointee.month_nano)
        case .concurrent: 0
        }
    }

    /// A number of the file, which may be corrupt.
    private static func sound(_ number: Int64) -> Int { Int(min(max(0, number), .mostUsed)) }

    private func reserved(_ kind: Limits.Kind, _ record: UnsafeMutablePointer<Record>) -> Int {
        switch kind {
        case .requestsPerMinute: 0
        case .tokensPerMinute, .tokensPerDay, .tokensPerMonth: Self.sound(record.pointee.reserved_tokens)
        case .costPerMonth: Self.sound(record.pointee.reserved_nano)
        case .concurrent: Self.sound(Int64(record.pointee.running))
        }
    }

    private func standings(
        of claim: LimitClaim, _ numbers: [Int], _ period: LimitPeriod, _ now: Moment
    ) -> [LimitStanding] {
        var found: [LimitStanding] = []
        for (part, number) in zip(claim.parts, numbers) {
            for kind in Limits.Kind.allCases {
                guard let most = part.limits.most(kind) else { continue }
                found.append(standing(part.subject, kind, most, record(number), period, now))
            }
        }
        return found
    }

    private func standing(
        _ subject: LimitSubject, _ kind: Limits.Kind, _ most: Int, _ record: UnsafeMutablePointer<Record>,
        _ period: LimitPeriod, _ now: Moment
    ) -> LimitStanding {
        let resetsAt: Timestamp? =
            switch kind {
            case .requestsPerMinute, .tokensPerMinute: end(of: kind, record, until: 0, now)
            case .tokensPerDay: period.dayEnd
            case .tokensPerMonth, .costPerMonth: period.monthEnd
            case .concurrent: nil
            }
        return LimitStanding(
            subject, kind, used: used(kind, record), reserved: reserved(kind, record), max: most, resetsAt: resetsAt)
    }

    /// When no more than `rest` of what the minute holds is left in it.
    private func end(
        of kind: Limits.Kind, _ record: UnsafeMutablePointer<Record>, until rest: Int, _ now: Moment
    ) -> Timestamp {
        let cells = kind == .requestsPerMinute ? record.requests : record.tokens
        let ring = UInt32(limits_table_ring)
        var left = used(kind, record)
        for age in (0..<ring).reversed() where left > rest {
            let tick = record.pointee.tick - age
            left -= Int(cells[Int(tick % ring)])
            if left <= rest { return now.end(of: tick) }
        }
        return now.time
    }
}
