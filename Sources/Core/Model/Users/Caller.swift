/// Those who hold the keys that were presented, as the store finds them at this moment.
package struct Caller: Sendable {
    package struct Holder: Sendable {
        package var user: User
        /// The key that was presented.
        package var key: User.Key
        /// The groups of the user that are valid now, in its order.
        package var groups: [Group] = []
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
    /// The key has expired, or the group is no more that pays for it.
    case keyExpired
    case keyNotYetValid
    /// The user is in groups, and none of them is valid.
    case groupEnded

    /// Whether it also ends the turns that run already.
    package var endsTurns: Bool {
        switch self {
        case .gone, .disabled, .clientDisabled: true
        case .active, .keyExpired, .keyNotYetValid, .groupEnded: false
        }
    }

    /// What a caller is told whose key belongs to such a user.
    package var refusal: GatewayError? {
        switch self {
        case .active: nil
        case .gone: .invalidKey
        case .disabled: GatewayError(.userDisabled, "This key's user is disabled. Ask the administrator.")
        case .clientDisabled:
            GatewayError(.clientDisabled, "The client that this user belongs to is disabled. Ask the administrator.")
        case .keyExpired: GatewayError(.keyExpired, "This key has expired. Make a new one or ask the administrator.")
        case .keyNotYetValid: GatewayError(.keyNotYetValid, "This key does not work yet.")
        case .groupEnded: .groupEnded
        }
    }
}
