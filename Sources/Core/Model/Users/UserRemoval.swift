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
