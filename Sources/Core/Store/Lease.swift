/// A right that lasts as long as this object: a slot on an account, the running turn of a conversation.
///
/// Whoever gave it frees it when the process dies, too.
package final class Lease: Sendable {
    private let release: @Sendable () -> Void

    /// - Parameter release: Gives the right back; called once, from any thread, and must not block.
    init(_ release: @escaping @Sendable () -> Void) { self.release = release }

    deinit { release() }
}

/// What one at a time may do, over all workers.
package enum Right: Hashable, Sendable {
    /// To run a turn of the conversation.
    case turn(Conversation.ID)
    /// To begin the conversation that the user's caller calls so.
    case conversationKey(String, of: ArchiveID)
    /// To answer the request of that digest.
    case answer(String)
    /// To sign in to the account.
    case signIn(Account.ID)
    /// To ask the account for its models.
    case modelList(Account.ID)
    /// To find out whether the account, which is suspect, is well.
    case probe(Account.ID)
    /// To send a message for the caller who is that user upstream.
    case upstreamUser(String)
}

/// The right to send one turn to an account; its slot is free again with the last use of this object.
package final class AccountLease: Sendable {
    package let account: Account
    /// Kept, not read.
    private let slot: Lease

    init(account: Account, slot: Lease) {
        self.account = account
        self.slot = slot
    }
}

/// What came of asking for an account.
package enum AccountReservation: Sendable {
    case reserved(AccountLease)
    /// Those that may be used were full all the time.
    case busy
    /// None may be used now; the health of all that were asked for.
    case unavailable([Account.ID: AccountHealth])
}
