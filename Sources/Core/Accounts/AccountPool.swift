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
    /// Resting and disabled accounts are left out, as are those in `tried`.
    package static func order(
        _ members: [Account], after last: Account.ID?, health: [Account.ID: AccountHealth],
        excluding tried: Set<Account.ID>, at now: Timestamp
    ) -> [Account] {
        let start = members.firstIndex { $0.id == last }.map { $0 + 1 } ?? 0
        return (members[start...] + members[..<start]).filter { account in
            !tried.contains(account.id)
                && health[account.id]?.isOut(at: now, fingerprint: account.fingerprint) != true
        }
    }

    /// How long until the first of `members` comes back from its rest; nil if none is resting.
    package static func firstReturn(
        _ members: [Account], health: [Account.ID: AccountHealth], at now: Timestamp
    ) -> Duration? {
        members.compactMap { account -> Duration? in
            guard case .resting(let until) = health[account.id]?.state, until > now else { return nil }
            return until - now
        }.min()
    }

    /// Names the round that a pool and a model share, in the rotation file.
    package static func cursor(_ kind: Kind, model: String?) -> String {
        model.map { "\(kind.rawValue) \($0)" } ?? kind.rawValue
    }
}
