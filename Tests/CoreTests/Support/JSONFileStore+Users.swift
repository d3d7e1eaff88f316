import Testing

@testable import Core

extension JSONFileStore {
    /// Adds a user and gives it as it is stored.
    func adding(_ user: User) throws -> User { try #require(try addUser(user).user) }

    /// The archive of a user who is there.
    func archive(of userID: String, owner: String = User.selfOwner) throws -> ArchiveID {
        try #require(try user(User.ID(owner: owner, userID: userID))).archive
    }
}
