/// Who is calling.
package struct Principal: Sendable {
    /// The user whose key gives the call its rights.
    package var caller: User
    /// The user whose key was given beside a client's or an admin's.
    package var named: User?
    /// The key of ``caller``.
    package var key: APIKey?

    package var role: User.Role { caller.role }
}
