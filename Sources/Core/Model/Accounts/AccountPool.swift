/// The accounts of the settings.
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

    /// Names the round that turns share for which the same `members`, some of `kind`, come into question.
    ///
    /// What a caller wrote is no part of it, so there are no more rounds than sets of accounts.
    package func round(_ kind: Kind, among members: [Account]) -> String {
        if members.elementsEqual(self.members(kind), by: ===) { return kind.rawValue }
        return "\(kind.rawValue) \(Hex.sha256(members.map(\.id.rawValue).joined(separator: " ")).prefix(16))"
    }
}
