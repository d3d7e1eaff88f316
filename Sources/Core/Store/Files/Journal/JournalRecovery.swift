import CLinux
import Glibc
import Logging

/// The journals of one state directory.
struct Journals {
    let layout: StateLayout
    let log: Logger

    private static let most = 256
    /// Beyond all records: holds who uses the file.
    private static let leaseOffset: Int64 = 1 << 60

    /// Does again what the journals of processes that have ended say, where a power cut undid it, and empties them.
    ///
    /// Must come before anything is read. Another process that recovers at the same time is waited for.
    func recover() throws(StoreError) {
        let names = try Directory.names(in: layout.journals).filter { $0.hasSuffix(".journal") }
        guard !names.isEmpty else { return }
        try whileNoneIsTaken { () throws(StoreError) in
            // All are held to the end: what removals say must not be forgotten while somebody writes records.
            var leases: [Lease] = []
            var isAllEmpty = true
            for name in names.sorted() {
                let path = "\(layout.journals)/\(name)"
                guard let lease = try Lease.take(path, offset: Self.leaseOffset) else {
                    isAllEmpty = false
                    continue
                }
                leases.append(lease)
                do throws(StoreError) { try empty(try OpenFileCache.shared.file(path, O_RDWR).file) } catch {
                    // It is kept for the next start; the rest can be served.
                    isAllEmpty = false
                    log.error("a journal could not be recovered", metadata: ["error": "\(error)"])
                }
            }
            if isAllEmpty { try Directory.removeFile(removals.path, durably: false) }
            withExtendedLifetime(leases) {}
        }
    }

    /// A journal for this process; nil where none can be had, which costs speed only.
    func open(wake: @escaping TurnJournal.Wake) -> TurnJournal? {
        do throws(StoreError) {
            let half = JournalFile.half(on: layout.journals)
            for number in 0..<Self.most {
                let path = "\(layout.journals)/\(number).journal"
                let taken = try whileNoneIsTaken { () throws(StoreError) in
                    try Lease.take(path, offset: Self.leaseOffset)
                }
                guard let lease = taken else { continue }
                let kept = try OpenFileCache.shared.file(path, O_RDWR | O_CREAT)
                try empty(kept.file)
                try JournalFile.fill(kept.file, half: half)
                return TurnJournal(kept, lease: lease, half: half, wake: wake)
            }
            log.notice("all journals are taken, so each turn is synced by itself")
        } catch {
            log.notice("there is no journal, so each turn is synced by itself", metadata: ["error": "\(error)"])
        }
        return nil
    }

    /// Whether a process that runs has one.
    func areInUse() throws(StoreError) -> Bool {
        try whileNoneIsTaken { () throws(StoreError) in
            for name in try Directory.names(in: layout.journals) where name.hasSuffix(".journal") {
                if try Lease.take("\(layout.journals)/\(name)", offset: Self.leaseOffset) == nil { return true }
            }
            return false
        }
    }

    private func whileNoneIsTaken<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        try layout.lock("journals", "00").withLock(deadline: .seconds(60), body)
    }

    var removals: RemovalLog { RemovalLog(path: "\(layout.journals)/removed.jsonl", locks: layout.locks) }

    /// Puts the records of a journal where they belong, and forgets them.
    private func empty(_ file: borrowing File) throws(StoreError) {
        guard try JournalFile.hasRecords(file) else { return }
        let records = try JournalFile.read(file)
        var restored = 0
        var removed = try removals.read()
        for record in records where try restore(record, &removed) { restored += 1 }
        for record in records { try endLine(before: record) }
        if restored > 0 {
            log.notice("turns were restored from a journal", metadata: ["count": "\(restored)"])
        }
        guard syncfs(file.descriptor) == 0 else {
            throw StoreError(.outcomeUnknown, "syncfs", path: file.path, code: errno)
        }
        try JournalFile.clear(file, at: 0, count: try file.size)
    }

    /// - Parameter removed: What is known to be removed; read again before something is made that is not among it.
    /// - Returns: Whether the bytes were missing.
    private func restore(_ record: JournalRecord, _ removed: inout Removals) throws(StoreError) -> Bool {
        let path = "\(layout.root)/\(record.path)"
        if let file = try File.opening(path, O_RDWR) {
            let present = try file.read(at: record.offset, count: record.bytes.count)
            if present == record.bytes { return false }
            // After the look: what is removed meanwhile is in this log before it is blank.
            removed = try removals.read()
            let rest = removed.rest(of: record)
            guard present != rest else { return false }
            try file.write(rest, at: record.offset)
            return true
        }
        if removed.contains(record) { return false }
        // After the look for the file: what is removed meanwhile is in this log before it is gone.
        removed = try removals.read()
        guard !removed.contains(record), Directory.exists(Directory.parent(of: path)) else { return false }
        try File(path, O_RDWR | O_CREAT).write(removed.rest(of: record), at: record.offset)
        return true
    }

    /// Ends a torn line before a record: a turn that nobody was told of was on its way into the same log.
    private func endLine(before record: JournalRecord) throws(StoreError) {
        guard record.offset > 0, let file = try File.opening("\(layout.root)/\(record.path)", O_RDWR),
            try file.read(at: record.offset - 1, count: 1) != [0x0A],
            record.path.hasSuffix(".log") || record.path.hasPrefix(layout.relative(layout.usageRows))
        else { return }
        try file.write([0x0A], at: record.offset - 1)
    }
}
