import Glibc

extension JSONFileStore {
    package func note(_ rows: [UsageRow], by user: User?) async throws(StoreError) {
        try await makeDurable(try write(rows, by: user))
    }

    /// Appends rows to the files of their days, where every process sees them; they are not durable yet.
    func write(_ rows: [UsageRow], by user: User?) throws(StoreError) -> [Append] {
        guard !rows.isEmpty else { return [] }
        if let user { try noteName(of: user) }
        var appends: [Append] = []
        for row in rows {
            let file = RowFile(day: row.day, writer: try writer.number(), root: layout.usageRows)
            let line = ChecksummedLine.encode(row.json)
            let stamp = JournalRecord.now
            let offset: Int
            do throws(StoreError) { offset = try writer.append(line, to: file.path) } catch {
                guard error.code == ENOENT else { throw error }
                // The first row of a day. Durable at once, because the journal makes files and no directories.
                try aside { () throws(StoreError) in
                    _ = try Directory.create(Directory.parent(of: file.path), durably: isDurable)
                }
                offset = try writer.append(line, to: file.path)
            }
            appends.append(Append(path: file.path, offset: offset, bytes: line, stamp: stamp))
        }
        return appends
    }

    // MARK: Sums

    package func usage(_ query: UsageQuery) throws(StoreError) -> [UsageSum] {
        try aside { () throws(StoreError) in
            try withTotals { totals throws(StoreError) in
                try totals.fold(recentDays)
                return try totals.sums(query)
            }
        }
    }

    package func rebuildUsage() throws(StoreError) {
        try withTotals { totals throws(StoreError) in try totals.rebuild() }
    }

    package func usageRows(
        _ days: ClosedRange<Day>, ofClient client: String?, groups: GroupUse?
    ) throws(StoreError) -> UsageRows {
        UsageRows(try RowFile.days(in: layout.usageRows).filter(days.contains), in: layout.usageRows) { row in
            (client == nil || row.client ?? "" == client) && groups?.contains(row) ?? true
        }
    }

    /// Runs `body` on the totals; a damaged database is made anew.
    func withTotals<Value>(_ body: (UsageTotals) throws(StoreError) -> Value) throws(StoreError) -> Value {
        do throws(StoreError) { return try body(try openTotals()) } catch {
            guard error.kind == .corrupt else { throw error }
            log.error("the totals of the ledger are made anew", metadata: ["error": "\(error)"])
            try discardTotals()
            return try body(try openTotals())
        }
    }

    /// Under a lock, so that nobody opens a database of which half is removed.
    private func openTotals() throws(StoreError) -> UsageTotals {
        try totalsLock.withLock { () throws(StoreError) in
            try UsageTotals(layout.usageTotals, rows: layout.usageRows, isDurable: isDurable)
        }
    }

    /// Removes a database that is damaged, unless another process has made a new one by now.
    private func discardTotals() throws(StoreError) {
        try totalsLock.withLock { () throws(StoreError) in
            do throws(StoreError) {
                let totals = try UsageTotals(layout.usageTotals, rows: layout.usageRows, isDurable: isDurable)
                if try totals.isWhole { return }
            } catch { guard error.kind == .corrupt else { throw error } }
            // What was not yet copied from the log into the database goes first, so that a cut leaves no log alone.
            for ending in ["-wal", "-shm", ""] {
                try Directory.removeFile(layout.usageTotals + ending, durably: false)
            }
        }
    }

    private var totalsLock: FileLock { layout.lock("usage", "00") }

    // MARK: The folding thread

    /// Folds rows in each second for as long as the process lives, if no other does; give it a thread of its own.
    func foldRegularly() -> Never {
        var lease: Lease?
        var totals: UsageTotals?
        var ticks = 0
        while true {
            sleep(1)
            do throws(StoreError) {
                if lease == nil { lease = try Lease.take(layout.usageLease, offset: 0) }
                guard lease != nil else { continue }
                if totals?.isInPlace != true {
                    totals = nil
                    totals = try openTotals()
                    ticks = 0
                }
                // What is long past changes by hand only, and is looked at every hour.
                try totals?.fold(ticks % 3600 == 0 ? nil : recentDays)
                ticks += 1
            } catch {
                totals = nil
                // Somebody makes them anew, and holds the others up.
                if error.kind == .busy { continue }
                log.error("the ledger's rows could not be summed up", metadata: ["error": "\(error)"])
                if error.kind == .corrupt, (try? discardTotals()) != nil { continue }
                // A full disk is not emptied by asking each second.
                sleep(60)
            }
        }
    }

    /// The days in which running turns can have begun, whatever the time zone.
    var recentDays: [Day] {
        (-3...1).map { Day(utc: Timestamp.now + .seconds($0 * 86_400)) }
    }
}
