import Synchronization

/// The limits' table, which is opened when it is first needed.
final class LimitsTableHolder: Sendable {
    private struct State {
        var table: LimitsTable?
        var checkedAt = ContinuousClock.now
    }

    private let state = Mutex(State())

    /// The table at its path: one that was removed or replaced by hand is noticed within a second.
    func table(open: () throws(StoreError) -> LimitsTable) throws(StoreError) -> LimitsTable {
        if let table = state.withLockIfAvailable({ current(&$0) }) ?? nil { return table }
        return try aside { () throws(StoreError) in
            try state.withLock { state throws(StoreError) in
                if let table = current(&state) { return table }
                // What this process holds in the one before is still settled there.
                state.table = nil
                let table = try open()
                (state.table, state.checkedAt) = (table, .now)
                return table
            }
        }
    }

    private func current(_ state: inout State) -> LimitsTable? {
        guard let table = state.table else { return nil }
        let now = ContinuousClock.now
        if now - state.checkedAt < .seconds(1) { return table }
        state.checkedAt = now
        return table.kept.isInPlace ? table : nil
    }

    func forget() { state.withLock { $0.table = nil } }
}

extension JSONFileStore {
    package func reserve(_ claim: LimitClaim, timeout: Duration) async throws -> LimitReservation {
        let reservation = try await reserveInTurn(claim, timeout: timeout)
        await noteLostCalls()
        return reservation
    }

    private func reserveInTurn(_ claim: LimitClaim, timeout: Duration) async throws -> LimitReservation {
        // Whoever comes later waits behind those who wait already.
        let waited = claim.parts.lazy.map { Wanted.limit($0.subject) }.first { waiting.isWaited($0) }
        var last: LimitReport?
        var place = waited
        if place == nil {
            switch try reserveNow(claim) {
            case .granted(let hold): return .granted(hold)
            case .refused(let report):
                guard !report.isUsedUp, timeout > .zero, let refused = report.refused else { return .refused(report) }
                last = report
                place = .limit(refused.subject)
            }
        }
        guard let place else { return .refused(LimitReport([])) }
        let outcome = try await waiting.wait(in: place, for: timeout) { () throws(StoreError) -> LimitReservation? in
            let outcome = try reserveNow(claim)
            if case .refused(let report) = outcome, !report.isUsedUp {
                last = report
                return nil
            }
            return outcome
        }
        if let outcome { return outcome }
        if let last { return .refused(last) }
        // Others waited all the time, so it was never asked for.
        return try reserveNow(claim)
    }

    private func reserveNow(_ claim: LimitClaim) throws(StoreError) -> LimitReservation {
        try withTable { table throws(StoreError) in
            var totals: [LimitSubject: PeriodTotal] = [:]
            while true {
                let outcome = try table.locked { () throws(StoreError) in try table.reserve(claim, totals, at: .now) }
                switch outcome {
                case .granted(let hold, let completion, let report):
                    return .granted(
                        LimitHold(completion: completion, report: report) { [waiting] end in
                            // Where the table cannot be locked what is held is given back when this process ends.
                            try? table.locked { table.settle(hold, end, tick: LimitsTable.Moment.now.tick) }
                            waiting.wake { key in
                                if case .limit(let subject) = key {
                                    claim.parts.contains { $0.subject == subject }
                                } else {
                                    false
                                }
                            }
                        })
                case .busy(let report):
                    // What has freed something once is not due again for a while.
                    guard try table.giveBackIfDue() else { return .refused(report) }
                case .usedUp(let report): return .refused(report)
                case .unknown(let subjects): try add(subjects, claim, to: &totals)
                }
            }
        }
    }

    package func standings(of claim: LimitClaim) async throws(StoreError) -> [LimitStanding] {
        let standings = try standingsNow(of: claim)
        await noteLostCalls()
        return standings
    }

    private func standingsNow(of claim: LimitClaim) throws(StoreError) -> [LimitStanding] {
        try withTable { table throws(StoreError) in
            var totals: [LimitSubject: PeriodTotal] = [:]
            _ = try table.giveBackIfDue()
            if let known = try table.locked({ table.look(claim, totals, at: .now) }) { return known }
            try add(claim.parts.map(\.subject), claim, to: &totals)
            return try table.locked { table.look(claim, totals, at: .now) } ?? []
        }
    }

    private func add(
        _ subjects: [LimitSubject], _ claim: LimitClaim, to totals: inout [LimitSubject: PeriodTotal]
    ) throws(StoreError) {
        let period = claim.calendar.period(at: .now)
        let found = try aside { () throws(StoreError) in try self.totals(of: subjects, in: period) }
        totals.merge(found) { _, new in new }
    }

    private func withTable<Value>(
        _ body: (LimitsTable) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        do throws(StoreError) {
            let table = try limitsTable.table { () throws(StoreError) in
                let number = try writer.number()
                return try layout.lock("limits", "00").withLock { () throws(StoreError) in
                    try LimitsTable.open(layout.limitsTable, writer: number, lost: lostCalls) {
                        [root = layout.usageRows] writer, days, calls throws(StoreError) in
                        try RowFile.rows(of: calls, writer: writer, days: days, in: root)
                    }
                }
            }
            return try body(table)
        } catch {
            // Somebody wrote over it; the next call makes it anew.
            if error.kind == .corrupt {
                limitsTable.forget()
                log.error("the limits' table is corrupt and is made anew", metadata: ["error": "\(error)"])
                throw StoreError(.unavailable, error.cause)
            }
            throw error
        }
    }
}
