/// What a failed attempt says about the account.
package enum FailureClass: String, Sendable, CaseIterable {
    /// Overload, 5xx, a broken connection: a short rest.
    case transient
    /// Too many requests: a rest as long as the upstream says.
    case rateLimited
    /// Nothing left for now, by money or by cap: a long rest.
    case quota
    /// The credential was refused: out until a person acts.
    case credential
    /// This account does not have the model; nothing else is wrong with it.
    case modelUnavailable
    /// The request itself is at fault; no other account would take it.
    case callerFault
}
