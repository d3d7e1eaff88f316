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
