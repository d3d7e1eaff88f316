/// A failure of a store.
package struct StoreError: Error, CustomStringConvertible {
    package enum Kind: Sendable {
        /// Nothing was changed; the same operation may succeed later.
        case unavailable
        /// Somebody else was not done in time; nothing was changed.
        case busy
        /// Nobody knows whether the change was made, or will last.
        case outcomeUnknown
        /// A record cannot be read; it was left as it is.
        case corrupt
    }

    package let kind: Kind
    /// Whether this process must go no further, because what it knows may differ from what is stored.
    package let endsProcess: Bool
    /// What happened, in the store's own words: for the operator's log, and for that store itself.
    let cause: any Error

    package init(_ kind: Kind, endsProcess: Bool = false, _ cause: any Error) {
        self.kind = kind
        self.endsProcess = endsProcess
        self.cause = cause
    }

    package var description: String { "\(cause)" }
}
