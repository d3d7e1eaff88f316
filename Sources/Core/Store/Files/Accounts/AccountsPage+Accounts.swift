import CLinux
import Glibc

/// Everything here is called with the page locked.
extension AccountsPage {
    /// An account as this process knows it.
    ///
    /// Unchecked: `health` is touched only with the page locked.
    final class Known: @unchecked Sendable {
        let id: Account.ID
        fileprivate let name: Name
        fileprivate let index: Int
        /// The health record and the number that it had when it was read; nil before.
        fileprivate var health: (number: UInt64, record: AccountHealth)?

        fileprivate init(_ id: Account.ID, _ name: Name, _ index: Int) {
            self.id = id
            self.name = name
            self.index = index
        }
    }

    /// A health record that must be read, and the number by which it will be known; odd where that is in doubt.
    struct Unread {
        let known: Known
        let number: UInt64
    }

    // MARK: Entries

    private func entry(_ index: Int) -> UnsafeMutablePointer<Entry> {
        (base + Self.entriesStart + index * Self.entrySize).assumingMemoryBound(to: Entry.self)
    }

    private func inFlight(_ index: Int) -> UnsafeMutablePointer<UInt16> {
        (base + Self.entriesStart + index * Self.entrySize + 64).assumingMemoryBound(to: UInt16.self)
    }

    func entry(of known: Known) -> UnsafeMutablePointer<Entry> { entry(known.index) }

    /// The account with its entry, which is made where it has none.
    func known(_ id: Account.ID) throws(StoreError) -> Known {
        if let known = accounts[id], known.index < Int(head.pointee.count),
            entry(known.index).pointee.name == known.name
        {
            return known
        }
        let name = Name(id.digest)
        var index = (0..<Int(head.pointee.count)).first { entry($0).pointee.name == name }
        if index == nil { index = try add(name) }
        let known = Known(id, name, index ?? 0)
        accounts[id] = known
        return known
    }

    private func add(_ name: Name) throws(StoreError) -> Int {
        let index = try freeEntry()
        memset(base + Self.entriesStart + index * Self.entrySize, 0, Self.entrySize)
        head.pointee.health += 2
        entry(index).pointee.health = head.pointee.health
        entry(index).pointee.used_at = head.pointee.clock
        entry(index).pointee.check = name.check
        entry(index).pointee.name = name
        // Last, so that an entry that is only half there does not count.
        head.pointee.count = max(head.pointee.count, UInt32(index + 1))
        return index
    }

    /// One behind the last, or of too many that which was used least lately.
    private func freeEntry() throws(StoreError) -> Int {
        let count = Int(head.pointee.count)
        if count < Int(head.pointee.capacity) { return count }
        if count < Self.mostEntries {
            let room = min(count + Self.growth, Self.mostEntries)
            try Self.allocate(
                kept, from: Self.entriesStart + count * Self.entrySize, count: (room - count) * Self.entrySize)
            head.pointee.capacity = UInt32(room)
            return count
        }
        let idle = (0..<count).filter { turns(in: $0) == 0 }
        guard let oldest = idle.min(by: { entry($0).pointee.used_at < entry($1).pointee.used_at }) else {
            throw StoreError(.busy, "find a free entry of", path: kept.file.path)
        }
        return oldest
    }

    // MARK: Turns in flight

    private func turns(in index: Int) -> Int {
        let cells = inFlight(index)
        return (0..<Int(head.pointee.columns)).reduce(0) { $0 + Int(cells[$1]) }
    }

    /// How many turns run on the account, of living processes.
    func turns(on known: Known) -> Int {
        reclaim([known.index])
        return turns(in: known.index)
    }

    private func take(_ known: Known, limit: Int?) -> Bool {
        if let limit, turns(in: known.index) >= limit { return false }
        let cell = inFlight(known.index) + column
        guard cell.pointee < .max else { return false }
        cell.pointee += 1
        return true
    }

    func free(_ known: Known) {
        let cell = inFlight(known.index) + column
        guard entry(known.index).pointee.name == known.name, cell.pointee > 0 else { return }
        cell.pointee -= 1
    }

    func clear(_ column: Int) {
        for index in 0..<Int(head.pointee.count) { inFlight(index)[column] = 0 }
    }

    /// Frees what processes that are dead had of these entries, and all else of theirs.
    ///
    /// - Returns: Whether there was something.
    @discardableResult
    private func reclaim(_ indices: [Int]) -> Bool {
        var hasFreed = false
        for column in 0..<Int(head.pointee.columns) where indices.contains(where: { inFlight($0)[column] > 0 }) {
            guard isAbandoned(column) else { continue }
            clear(column)
            hasFreed = true
        }
        return hasFreed
    }

    // MARK: Reservations

    /// What came of a look for a free account.
    enum Reserved {
        case taken(Account, Known)
        case busy
        case unavailable([Account.ID: AccountHealth])
        /// First these must be read, and handed over with the next call.
        case unread([Unread])
    }

    /// A round with the accounts that take part in it.
    struct KnownRound {
        fileprivate let members: [Account]
        fileprivate let known: [Known]
        fileprivate let name: Name
        fileprivate var slot: Int
    }

    /// - Parameter read: Records that were read a moment ago.
    func reserve(
        _ choice: AccountChoice, _ read: [Account.ID: AccountHealth], at now: Timestamp
    ) throws(StoreError) -> Reserved {
        var round: KnownRound?
        let known: [Known]
        if case .round(let name) = choice.purpose {
            let found = try self.round(name, choice.members)
            known = found.known
            round = found
        } else {
            var found: [Known] = []
            for member in choice.members { found.append(try self.known(member.id)) }
            known = found
        }
        let start = round.map { firstOfTurn(in: $0) } ?? 0
        var pick = self.pick(choice, known, from: start, read, at: now)
        if pick == .busy, isReclaimDue(), reclaim(known.map(\.index)) {
            pick = self.pick(choice, known, from: start, read, at: now)
        }
        switch pick {
        case .busy: return .busy
        case .taken(let index):
            head.pointee.clock += 1
            entry(of: known[index]).pointee.used_at = head.pointee.clock
            if let round {
                let slot = place(round.slot)
                slot.pointee.last = known[index].name
                slot.pointee.used_at = head.pointee.clock
            }
            return .taken(choice.members[index], known[index])
        case .unknown, .unavailable:
            let unread = known.filter { health(of: $0, read) == nil }
            guard unread.isEmpty else {
                return .unread(unread.map { Unread(known: $0, number: entry(of: $0).pointee.health) })
            }
            var records: [Account.ID: AccountHealth] = [:]
            for one in known { records[one.id] = health(of: one, read) }
            return .unavailable(records)
        }
    }

    private func pick(
        _ choice: AccountChoice, _ known: [Known], from start: Int, _ read: [Account.ID: AccountHealth],
        at now: Timestamp
    ) -> AccountChoice.Pick {
        choice.pick(from: start, at: now) {
            health(of: known[$0], read)
        } take: { index in
            take(known[index], limit: choice.members[index].maxConcurrent)
        }
    }

    private func isReclaimDue() -> Bool {
        let now = ContinuousClock.now
        guard now - lastReclaim > .milliseconds(50) else { return false }
        lastReclaim = now
        return true
    }

    // MARK: Rounds

    private func place(_ slot: Int) -> UnsafeMutablePointer<Round> {
        (base + Self.roundsStart + slot * 64).assumingMemoryBound(to: Round.self)
    }

    /// The place among the members of the one behind the last that was reserved.
    private func firstOfTurn(in round: KnownRound) -> Int {
        let last = place(round.slot).pointee.last
        guard !last.isNone, let index = round.known.firstIndex(where: { $0.name == last }) else { return 0 }
        return (index + 1) % round.known.count
    }

    private func round(_ text: String, _ members: [Account]) throws(StoreError) -> KnownRound {
        if let round = choices[text], place(round.slot).pointee.name == round.name, isCurrent(round, members) {
            return round
        }
        var known: [Known] = []
        for member in members { known.append(try self.known(member.id)) }
        let name = Name(Hex.sha256(text))
        let slots = 0..<Self.rounds
        var slot = slots.first { place($0).pointee.name == name }
        if slot == nil {
            // A free one was never used; of too many that which was used least lately begins anew.
            let oldest = slots.min { place($0).pointee.used_at < place($1).pointee.used_at } ?? 0
            place(oldest).pointee = Round()
            place(oldest).pointee.name = name
            place(oldest).pointee.used_at = head.pointee.clock
            slot = oldest
        }
        let found = KnownRound(members: members, known: known, name: name, slot: slot ?? 0)
        if choices.count >= Self.rounds { choices.removeAll() }
        choices[text] = found
        return found
    }

    /// Whether it has these members, and they have their entries.
    private func isCurrent(_ round: KnownRound, _ members: [Account]) -> Bool {
        guard round.members.count == members.count else { return false }
        for index in members.indices {
            let known = round.known[index]
            guard round.members[index] === members[index], entry(known.index).pointee.name == known.name else {
                return false
            }
        }
        return true
    }

    // MARK: Health

    /// The record, unless another was written since this process read it.
    func health(of known: Known, _ read: [Account.ID: AccountHealth] = [:]) -> AccountHealth? {
        if let health = known.health, health.number == entry(of: known).pointee.health { return health.record }
        return read.isEmpty ? nil : read[known.id]
    }

    /// Keeps a record that was read after its number was.
    func keep(_ record: AccountHealth, of unread: Unread) {
        guard unread.number & 1 == 0 else { return }
        unread.known.health = (unread.number, record)
    }

    /// Says that the health record is being written, and that it was.
    ///
    /// If the process dies in between, all go on to read the record until it is written once more.
    func markHealth(of known: Known, isChanging: Bool) {
        head.pointee.health += 2
        entry(of: known).pointee.health = head.pointee.health | (isChanging ? 1 : 0)
    }
}
