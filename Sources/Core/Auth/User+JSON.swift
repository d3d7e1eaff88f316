extension User {
    /// The record as it is stored.
    package var record: JSON {
        [
            "user_id": JSON(id.userID), "owner": JSON(id.owner), "username": JSON(username),
            "role": JSON(role.rawValue), "plus": JSON(hasPlus), "disabled": JSON(isDisabled),
            "created_at": JSON(createdAt.rfc3339),
            "keys": .array(
                keys.map {
                    [
                        "digest": JSON($0.digest), "created_at": JSON($0.createdAt.rfc3339),
                        "last_four": JSON($0.lastFour),
                    ]
                }),
        ]
    }

    /// Reads a stored record; nil if it is not one.
    package init?(record: JSON) {
        guard let userID = record["user_id"]?.string, let owner = record["owner"]?.string,
            let username = record["username"]?.string, let role = record["role"]?.string.flatMap(Role.init),
            let hasPlus = record["plus"]?.bool, let isDisabled = record["disabled"]?.bool,
            let createdAt = record["created_at"]?.string.flatMap(Timestamp.init(rfc3339:)),
            let keys = record["keys"]?.array
        else { return nil }
        self.init(
            id: ID(owner: owner, userID: userID), username: username, role: role, hasPlus: hasPlus,
            isDisabled: isDisabled, createdAt: createdAt, keys: keys.compactMap(Key.init(record:)))
        guard self.keys.count == keys.count else { return nil }
    }

    /// What admins and clients are shown of a user: everything but the digests of its keys.
    package var summary: JSON {
        [
            "user_id": JSON(id.userID), "username": JSON(username), "owner": JSON(id.owner),
            "role": JSON(role.rawValue), "plus": JSON(hasPlus), "disabled": JSON(isDisabled),
            "created_at": JSON(createdAt.rfc3339),
            "keys": .array(
                keys.map { ["created_at": JSON($0.createdAt.rfc3339), "last_four": JSON($0.lastFour)] }),
        ]
    }
}

extension User.Key {
    fileprivate init?(record: JSON) {
        guard let digest = record["digest"]?.string, let lastFour = record["last_four"]?.string,
            let createdAt = record["created_at"]?.string.flatMap(Timestamp.init(rfc3339:))
        else { return nil }
        self.init(digest: digest, createdAt: createdAt, lastFour: lastFour)
    }
}
