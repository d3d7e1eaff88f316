/// What is counted of an account, over all workers and restarts.
package enum AccountCount: String, Sendable, CaseIterable {
    /// Turns that went well.
    case requests
    /// Attempts that failed through the account's or the upstream's fault.
    case errors
}
