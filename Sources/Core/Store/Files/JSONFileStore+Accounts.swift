import Glibc

extension JSONFileStore {
    package func health(of account: Account.ID) throws(StoreError) -> AccountHealth {
        // Losing or spoiling this file is harmless: the account is tried again.
        do throws(StoreError) {
            return try read(layout.health(account)).flatMap(AccountHealth.init(record:)) ?? AccountHealth()
        } catch {
            guard error.kind == .corrupt else { throw error }
            log.error("a health record is spoilt and is taken as absent", metadata: ["account": "\(account)"])
            return AccountHealth()
        }
    }

    package func updateHealth(
        of account: Account.ID, _ change: @Sendable (inout AccountHealth) -> Void
    ) throws(StoreError) {
        try layout.lock("health", account.digest).withLock { () throws(StoreError) in
            let before = try health(of: account)
            var after = before
            change(&after)
            guard after != before else { return }
            try AtomicFile.write(after.record.bytes, to: layout.health(account), durable: false)
        }
    }

    package func reserveAccount(
        cursor: String, among accounts: [Account],
        choose: @Sendable (_ last: Account.ID?, [Account.ID: AccountHealth]) -> [Account]
    ) throws(StoreError) -> (account: Account, slot: Lease?)? {
        try layout.lock("rotation", "00").withLock { () throws(StoreError) in
            var health: [Account.ID: AccountHealth] = [:]
            for account in accounts { health[account.id] = try self.health(of: account.id) }
            let record = try InPlaceRecord(layout.rotation)
            let cursors = try cursors(in: record)
            for account in choose(cursors[cursor]?.string.map(Account.ID.init(rawValue:)), health) {
                let slot: Lease?
                switch try reserveSlot(of: account) {
                case .taken(let lease): slot = lease
                case .full: continue
                }
                if cursors[cursor]?.string != account.id.rawValue {
                    try record.write(Self.moved(cursor, to: account.id, in: cursors))
                }
                return (account, slot)
            }
            return nil
        }
    }

    package func reserveSlot(of account: Account) throws(StoreError) -> SlotReservation {
        let path = layout.slots(account.id)
        guard let limit = account.maxConcurrent else {
            // Without a limit any byte will do; it is taken so that the turns can be counted.
            while true {
                let place = Int64.random(in: Self.unlimitedSlots)
                if let lease = try Lease.take(path, offset: place) { return .taken(lease) }
            }
        }
        for slot in 0..<limit {
            if let lease = try Lease.take(path, offset: Int64(slot)) { return .taken(lease) }
        }
        return .full
    }

    package func turnsInFlight(on account: Account) throws(StoreError) -> Int {
        try Lease.count(layout.slots(account.id), in: 0..<Self.unlimitedSlots.upperBound)
    }

    package func leaseProbe(of account: Account.ID) throws(StoreError) -> Lease? {
        let place = layout.probeLease(account)
        return try Lease.take(place.path, offset: place.offset)
    }

    /// A byte that is appended needs no lock, and none is lost between processes.
    package func count(_ what: AccountCount, of account: Account.ID) throws(StoreError) {
        try KeptFiles.shared.file(layout.count(what, of: account), O_WRONLY | O_APPEND | O_CREAT).file.write([0x2E])
    }

    package func total(_ what: AccountCount, of account: Account.ID) throws(StoreError) -> Int {
        guard let file = try File.reading(layout.count(what, of: account)) else { return 0 }
        return try file.size
    }

    /// Beyond the slots of any limit.
    private static var unlimitedSlots: Range<Int64> { (1 << 20)..<(1 << 60) }

    /// The most rounds that are remembered; of a set of accounts that is asked no more, its round is soon forgotten.
    private static let mostCursors = 256
    /// A file with more bytes begins anew: the first version kept a round for every name of a model.
    private static let rotationLimit = 128 << 10

    /// The rounds with `cursor` as the newest; the oldest of too many are left out, as are the first version's long names.
    private static func moved(_ cursor: String, to account: Account.ID, in cursors: JSONObject) -> JSON {
        let others = cursors.members.filter { $0.name != cursor && $0.name.utf8.count <= 32 }
        let newest = JSONObject.Member(name: cursor, value: JSON(account.rawValue))
        return .object(JSONObject(unchecked: others.suffix(mostCursors - 1) + [newest]))
    }

    private func cursors(in record: InPlaceRecord) throws(StoreError) -> JSONObject {
        guard try record.size <= Self.rotationLimit else { return JSONObject() }
        do throws(StoreError) {
            return try record.read()?.object ?? JSONObject()
        } catch {
            guard error.kind == .corrupt else { throw error }
            log.error("the rotation file is spoilt and begins anew")
            return JSONObject()
        }
    }
}
