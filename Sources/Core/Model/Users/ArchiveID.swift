/// Names what is kept of one person: conversations, threads, answers to repeated requests.
///
/// It belongs to the number of a user and not to its id, so whoever gets the id next finds nothing of it.
package struct ArchiveID: Sendable, Hashable {
    /// Names its files: SHA-256 of NUL and the number, or of owner, NUL and user id for users without a number.
    package let digest: String
    /// The record whose turns it takes, which must still have this number.
    package let user: User.ID
    package let number: Int?

    package init(of user: User.ID, number: Int?) {
        self.init(of: user, number: number, digest: number.map { Hex.sha256("\0\($0)") } ?? user.digest)
    }

    init(of user: User.ID, number: Int?, digest: String) {
        self.user = user
        self.number = number
        self.digest = digest
    }
}

extension ArchiveID {
    var record: JSON {
        var object = JSONObject()
        object["owner"] = JSON(user.owner)
        object["user_id"] = JSON(user.userID)
        object["number"] = number.map { JSON($0) }
        object["archive"] = JSON(digest)
        return .object(object)
    }

    init?(record: JSON) {
        guard let owner = record["owner"]?.string, let userID = record["user_id"]?.string,
            let digest = record["archive"]?.string
        else { return nil }
        self.init(of: User.ID(owner: owner, userID: userID), number: record["number"]?.int, digest: digest)
    }
}
