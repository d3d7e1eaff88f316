/// Whether a user may act at this moment.
package enum UserStanding: Sendable, Equatable {
    case active
    /// Removed, perhaps with its client; the id may belong to another by now.
    case gone
    case disabled
    /// The client that owns the user is disabled, and with it all of its users.
    case clientDisabled

    /// What a caller is told whose key belongs to such a user.
    package var refusal: GatewayError? {
        switch self {
        case .active: nil
        case .gone: .invalidKey
        case .disabled: GatewayError(.userDisabled, "This key's user is disabled. Ask the administrator.")
        case .clientDisabled:
            GatewayError(.clientDisabled, "The client that this user belongs to is disabled. Ask the administrator.")
        }
    }
}
