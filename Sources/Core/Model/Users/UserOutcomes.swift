/// What came of adding a user.
package enum UserAddition: Sendable, Equatable {
    /// The user with the number that it got.
    case added(User)
    /// Its id or one of its keys is taken.
    case taken
    /// The client that was to own it is gone.
    case ownerGone
    /// There are no kept conversations to take over.
    case nothingKept

    package var user: User? { if case .added(let user) = self { user } else { nil } }
}

/// What came of changing a user; but for the first nothing was changed.
package enum UserUpdate: Sendable, Equatable {
    /// The user after the change.
    case changed(User)
    /// It is gone, or its id belongs to another by now.
    case absent
    /// It is the last admin that can sign in, and could not after the change.
    case lastAdmin
    case refused(UserChange.Refusal)

    package var user: User? { if case .changed(let user) = self { user } else { nil } }
}

/// What came of removing a user.
package enum UserRemoval: Sendable, Equatable {
    case removed
    /// It is gone already, or its id belongs to another by now.
    case absent
    /// A client that has users of its own, which were not to be removed with it.
    case hasUsers
    /// It is the last admin that can sign in.
    case lastAdmin
}

/// What came of changing a group; but for the first nothing was changed.
package enum GroupUpdate: Sendable, Equatable {
    case changed
    case absent
    /// Somebody else changed it meanwhile.
    case overtaken
}
