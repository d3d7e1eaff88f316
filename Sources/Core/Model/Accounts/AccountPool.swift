/// Decides which account comes next; pure, over a snapshot of the accounts' shared state.
package struct AccountPool: Sendable {
    /// Which accounts a caller wants.
    package enum Kind: String, Sendable { case free, plus, any }

    package let accounts: [Account]

    package init(_ accounts: [Account]) { self.accounts = accounts }

    package func account(_ id: Account.ID) -> Account? { accounts.first { $0.id == id } }

    /// The accounts of `kind`.
    package func members(_ kind: Kind) -> [Account] {
        accounts.filter { account in
            switch kind {
            case .free: !account.isPlus
            case .plus: account.isPlus
            case .any: true
            }
        }
    }

    /// The order in which to try `members` for the next turn: the round continues behind the last reserved one.
    ///
    /// Resting and disabled accounts are left out, as are those in `tried`. Suspect ones come last.
    package static func order(
        _ members: [Account], after last: Account.ID?, health: [Account.ID: AccountHealth],
        excluding tried: Set<Account.ID>, at now: Timestamp
    ) -> [Account] {
        let start = members.firstIndex { $0.id == last }.map { $0 + 1 } ?? 0
        let usable = (members[start...] + members[..<start]).filter { account in
            !tried.contains(account.id)
                && health[account.id]?.isOut(at: now, fingerprint: account.fingerprint) != true
        }
        let isAvoided = { (account: Account) in health[account.id]?.suspicion?.isAvoided(at: now) == true }
        return usable.filter { !isAvoided($0) } + usable.filter(isAvoided)
    }

    /// How long until the first of `members` comes back from its rest; nil if none is resting.
    package static func firstReturn(
        _ members: [Account], health: [Account.ID: AccountHealth], at now: Timestamp
    ) -> Duration? {
        members.compactMap { health[$0.id]?.remainingRest(at: now) }.min()
    }

    /// What a caller is told when none of `members` may be used.
    static func unavailable(
        _ members: [Account], health: [Account.ID: AccountHealth], at now: Timestamp
    ) -> GatewayError {
        let pause = firstReturn(members, health: health, at: now)
        let areRateLimited = members.allSatisfy { account in
            guard let health = health[account.id] else { return false }
            return health.isRateLimited && health.remainingRest(at: now) != nil
        }
        if areRateLimited, let pause {
            return GatewayError(
                .rateLimited, "The upstream limits all accounts for now. Try again later.", retryAfter: pause)
        }
        return GatewayError(
            .noAccountAvailable, "All accounts are resting. Try again later.", retryAfter: pause ?? .seconds(60))
    }

    /// Names the round that turns share for which the same `members` come into question, in the rotation file.
    ///
    /// What a caller wrote is no part of it, so there are no more rounds than sets of accounts.
    package func cursor(_ kind: Kind, among members: [Account]) -> String {
        let all = self.members(kind)
        if members.map(\.id) == all.map(\.id) { return kind.rawValue }
        return "\(kind.rawValue) \(Hex.sha256(members.map(\.id.rawValue).joined(separator: " ")).prefix(16))"
    }
}
