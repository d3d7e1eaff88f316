/// Those who hold the keys that were presented, as the store finds them at this moment.
package struct Caller: Sendable {
    package struct Holder: Sendable {
        package var user: User
        package var standing: UserStanding
    }

    /// In the order of the keys; nil for a key that is nobody's.
    package var holders: [Holder?]
    /// How the user stands for whom the holders act; active where none was asked about.
    package var acting: UserStanding

    /// Active if all of them may act, else what stands in the way of the first that may not.
    package var standing: UserStanding {
        guard acting == .active else { return acting }
        return holders.lazy.map { $0?.standing ?? .gone }.first { $0 != .active } ?? .active
    }
}

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
