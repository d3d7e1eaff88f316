import Glibc
import Synchronization

/// The accounts' page, which is opened when it is first needed.
final class AccountsPageHolder: Sendable {
    private struct State {
        var page: AccountsPage?
        var checkedAt = ContinuousClock.now
    }

    private let state = Mutex(State())

    /// The page at its path: one that was removed or replaced by hand is noticed within a second.
    func page(open: () throws(StoreError) -> AccountsPage) throws(StoreError) -> AccountsPage {
        if let page = state.withLockIfAvailable({ current(&$0) }) ?? nil { return page }
        // Opening waits for a lock and the disk, and whoever comes meanwhile for that.
        return try aside { () throws(StoreError) in
            try state.withLock { state throws(StoreError) in
                if let page = current(&state) { return page }
                // What this process has in flight on the one before is still freed there.
                state.page = nil
                let page = try open()
                (state.page, state.checkedAt) = (page, .now)
                return page
            }
        }
    }

    private func current(_ state: inout State) -> AccountsPage? {
        guard let page = state.page else { return nil }
        let now = ContinuousClock.now
        if now - state.checkedAt < .seconds(1) { return page }
        state.checkedAt = now
        return page.kept.isInPlace ? page : nil
    }

    func forget() { state.withLock { $0.page = nil } }
}

extension JSONFileStore {
    package func health(of account: Account.ID) throws(StoreError) -> AccountHealth {
        try withPage { page throws(StoreError) in try health(of: account, in: page) }
    }

    @discardableResult
    package func noteAccount(_ account: Account, _ outcome: AccountOutcome) throws(StoreError) -> AccountHealth {
        try withPage { page throws(StoreError) in
            try count(outcome, of: account.id, in: page)
            // Most outcomes change nothing, for which the record is not read.
            let known = try health(of: account.id, in: page)
            var after = known
            after.note(outcome, of: account, at: .now)
            guard after != known else { return known }
            return try layout.lock("health", account.id.digest).withLock { () throws(StoreError) in
                let before = try readHealth(of: account.id)
                var after = before
                after.note(outcome, of: account, at: .now)
                guard after != before else { return before }
                try write(after, of: account.id, in: page)
                return after
            }
        }
    }

    package func status(of account: Account.ID) throws(StoreError) -> AccountStatus {
        try withPage { page throws(StoreError) in
            let health = try health(of: account, in: page)
            return try page.locked { () throws(StoreError) in
                let known = try page.known(account)
                let entry = page.entry(of: known).pointee
                return AccountStatus(
                    health: health, inFlight: page.turns(on: known), requests: Int(clamping: entry.requests),
                    errors: Int(clamping: entry.errors))
            }
        }
    }

    package func reserve(_ choice: AccountChoice, timeout: Duration) async throws -> AccountReservation {
        try await waiting.wait(in: .account(choice), for: timeout) { () throws(StoreError) in
            try reserveNow(choice)
        } ?? .busy
    }

    /// - Returns: Nil where all that may be used are full.
    private func reserveNow(_ choice: AccountChoice) throws(StoreError) -> AccountReservation? {
        try withPage { page throws(StoreError) in
            var read: [Account.ID: AccountHealth] = [:]
            while true {
                let reserved = try page.locked { () throws(StoreError) in try page.reserve(choice, read, at: .now) }
                switch reserved {
                case .taken(let account, let known):
                    return .reserved(AccountLease(account: account, slot: slot(of: known, in: page)))
                case .busy: return nil
                case .unavailable(let health): return .unavailable(health)
                case .unread(let unread):
                    for one in unread { read[one.known.id] = try readHealth(one, in: page) }
                }
            }
        }
    }

    private func slot(of known: AccountsPage.Known, in page: AccountsPage) -> Lease {
        Lease { [waiting, id = known.id] in
            // Where the page cannot be locked its slot is lost until this process ends, and nothing else.
            try? page.locked { page.free(known) }
            waiting.wake { key in
                if case .account(let choice) = key { choice.mayBe(id) } else { false }
            }
        }
    }

    // MARK: Counters

    private func count(
        _ outcome: AccountOutcome, of account: Account.ID, in page: AccountsPage
    ) throws(StoreError) {
        switch outcome {
        case .success:
            try page.locked { () throws(StoreError) in page.entry(of: try page.known(account)).pointee.requests &+= 1 }
        case .failure:
            try page.locked { () throws(StoreError) in page.entry(of: try page.known(account)).pointee.errors &+= 1 }
        case .probed, .tested, .enabled, .disabled: break
        }
    }

    // MARK: Health records

    private func health(of account: Account.ID, in page: AccountsPage) throws(StoreError) -> AccountHealth {
        let (health, unread) = try page.locked { () throws(StoreError) in
            let known = try page.known(account)
            return (
                page.health(of: known),
                AccountsPage.Unread(known: known, number: page.entry(of: known).pointee.health)
            )
        }
        if let health { return health }
        return try readHealth(unread, in: page)
    }

    private func readHealth(
        _ unread: AccountsPage.Unread, in page: AccountsPage
    ) throws(StoreError) -> AccountHealth {
        let record = try readHealth(of: unread.known.id)
        try page.locked { page.keep(record, of: unread) }
        return record
    }

    private func readHealth(of account: Account.ID) throws(StoreError) -> AccountHealth {
        // Losing or spoiling this file is harmless: the account is tried again.
        do throws(StoreError) {
            return try read(layout.health(account)).flatMap(AccountHealth.init(record:)) ?? AccountHealth()
        } catch {
            guard error.kind == .corrupt else { throw error }
            log.error("a health record is corrupt and is taken as absent", metadata: ["account": "\(account)"])
            return AccountHealth()
        }
    }

    private func write(
        _ health: AccountHealth, of account: Account.ID, in page: AccountsPage
    ) throws(StoreError) {
        let known = try page.locked { () throws(StoreError) in
            let known = try page.known(account)
            page.markHealth(of: known, isChanging: true)
            return known
        }
        // Also where nothing was written: then the record is read once more.
        defer { try? page.locked { page.markHealth(of: known, isChanging: false) } }
        try AtomicFile.write(health.record.bytes, to: layout.health(account), durable: false)
    }

    // MARK: The page

    private func withPage<Value>(
        _ body: (AccountsPage) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        do throws(StoreError) { return try body(try accountsPage.page(open: openPage)) } catch {
            // Somebody wrote over it; the next call makes it anew.
            if error.kind == .corrupt {
                accountsPage.forget()
                log.error("the accounts' page is corrupt and is made anew", metadata: ["error": "\(error)"])
                throw StoreError(.unavailable, error.cause)
            }
            throw error
        }
    }

    private func openPage() throws(StoreError) -> AccountsPage {
        try layout.lock("rotation", "00").withLock { () throws(StoreError) in
            // Without a page the version before was the last one here, or nobody.
            let legacy = Directory.exists(layout.accountsPage) ? [] : try legacyCounters()
            let page = try AccountsPage.open(layout.accountsPage, legacy: legacy)
            if Directory.exists(layout.rotation) { try removeLegacyFiles() }
            return page
        }
    }

    /// What the version before counted: a byte of a file for each time.
    private func legacyCounters() throws(StoreError) -> [AccountsPage.Image.Counters] {
        let names = try Directory.names(in: layout.accounts)
        let digests = Set(
            names.filter { $0.hasSuffix(".requests") || $0.hasSuffix(".errors") }.map { $0.prefix { $0 != "." } })
        var found: [AccountsPage.Image.Counters] = []
        for digest in digests {
            let requests = try File.reading("\(layout.accounts)/\(digest).requests")?.size ?? 0
            let errors = try File.reading("\(layout.accounts)/\(digest).errors")?.size ?? 0
            found.append(.init(digest: String(digest), requests: requests, errors: errors))
        }
        return found
    }

    /// Removes what that version kept of accounts and this one does not; last the file that says so.
    private func removeLegacyFiles() throws(StoreError) {
        for name in try Directory.names(in: layout.accounts)
        where [".requests", ".errors", ".slots"].contains(where: name.hasSuffix) {
            try Directory.removeFile("\(layout.accounts)/\(name)", durably: false)
        }
        try Directory.removeFile(layout.rotation, durably: false)
    }
}
