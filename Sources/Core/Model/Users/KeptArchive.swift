/// The conversations of a user who was removed and whose conversations were to be kept.
package struct KeptArchive: Sendable, Equatable {
    package var archive: ArchiveID
    package var username: String
    /// The number of the client that owned the user, where it had one.
    package var ownerNumber: Int?
    /// Nil for those whom the version before removed.
    package var removedAt: Timestamp?

    /// The user as it was, who has no key any more; for those who may read what is kept.
    package var user: User {
        var user = User(id: archive.user, ownerNumber: ownerNumber, username: username, isDisabled: true)
        user.number = archive.number
        user.inheritedArchive = archive.digest
        return user
    }

    /// What admins are shown.
    package var summary: JSON {
        [
            "archive": JSON(archive.digest), "owner": JSON(archive.user.owner), "user_id": JSON(archive.user.userID),
            "username": JSON(username), "removed_at": JSON(removedAt?.rfc3339),
        ]
    }

    var record: JSON {
        var object = archive.record.object ?? JSONObject()
        object["username"] = JSON(username)
        object["owner_number"] = ownerNumber.map { JSON($0) }
        object["removed_at"] = removedAt.map { JSON($0.rfc3339) }
        return .object(object)
    }

    init(of user: User, removedAt: Timestamp?) {
        archive = user.archive
        username = user.username
        ownerNumber = user.ownerNumber
        self.removedAt = removedAt
    }

    init?(record: JSON) {
        guard let archive = ArchiveID(record: record) else { return nil }
        self.archive = archive
        username = record["username"]?.string ?? archive.user.userID
        ownerNumber = record["owner_number"]?.int
        removedAt = record["removed_at"]?.string.flatMap(Timestamp.init(rfc3339:))
    }
}
