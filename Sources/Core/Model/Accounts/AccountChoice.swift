/// Which accounts come into question for a turn, and how one of them is found.
package struct AccountChoice: Hashable, Sendable {
    package enum Purpose: Hashable, Sendable {
        /// The next in turn of the round of that name.
        case round(String)
        /// A follow-up, which moves no round.
        case followUp
        /// To find out how an account is, also while it is out.
        case probe
    }

    package let purpose: Purpose
    /// In the order of their turns.
    package let members: [Account]
    /// Those that failed already, and are not offered again.
    package let tried: Set<Account.ID>

    package init(_ purpose: Purpose, among members: [Account], excluding tried: Set<Account.ID> = []) {
        self.purpose = purpose
        self.members = members
        self.tried = tried
    }

    package static func == (one: AccountChoice, other: AccountChoice) -> Bool {
        one.purpose == other.purpose && one.tried == other.tried
            && one.members.lazy.map(\.id).elementsEqual(other.members.lazy.map(\.id))
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(purpose)
        hasher.combine(tried)
        // Rounds are named by their members.
        if purpose == .followUp || purpose == .probe { for member in members { hasher.combine(member.id) } }
    }

    /// Whether `account` may be what is waited for.
    func mayBe(_ account: Account.ID) -> Bool {
        !tried.contains(account) && members.contains { $0.id == account }
    }

    /// What is found; accounts by their place among the members.
    enum Pick: Equatable {
        case taken(Int)
        /// Those that may be used are full.
        case busy
        /// None may be used.
        case unavailable
        /// It cannot be told without the health of an account that is not at hand.
        case unknown
    }

    /// Takes the first account from `start` on, all round, that may be used and has a free slot.
    ///
    /// Resting and disabled accounts are left out, as are those in `tried`. Suspect ones come last.
    ///
    /// - Parameters:
    ///   - health: Of the member at that place; nil where it is not at hand.
    ///   - take: Takes a slot of the member at that place; false if it has none.
    func pick(
        from start: Int, at now: Timestamp, health: (Int) -> AccountHealth?, take: (Int) -> Bool
    ) -> Pick {
        var suspects: [Int] = []
        var isUsable = false
        for offset in members.indices {
            let index = (start + offset) % members.count
            let account = members[index]
            if tried.contains(account.id) { continue }
            if purpose != .probe {
                guard let health = health(index) else { return .unknown }
                if health.isOut(at: now, fingerprint: account.fingerprint) { continue }
                if health.suspicion?.isAvoided(at: now) == true {
                    suspects.append(index)
                    continue
                }
            }
            isUsable = true
            if take(index) { return .taken(index) }
        }
        for index in suspects where take(index) { return .taken(index) }
        return isUsable || !suspects.isEmpty ? .busy : .unavailable
    }
}
