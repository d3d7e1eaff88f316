/// The right to send one turn to an account; its slot is free again with the last use of this object.
package final class AccountLease: Sendable {
    package let account: Account
    /// Nil for an account without a limit.
    ///
    /// Kept, not read: its end gives the slot back.
    private let slot: Lease?

    init(account: Account, slot: Lease?) {
        self.account = account
        self.slot = slot
    }
}
