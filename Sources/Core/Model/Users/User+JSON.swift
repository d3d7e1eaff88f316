extension User {
    /// The record as it is stored, with what a later version may have put into it.
    package var record: JSON {
        var object = others
        object["user_id"] = JSON(id.userID)
        object["owner"] = JSON(id.owner)
        object["number"] = number.map { JSON($0) }
        object["owner_number"] = ownerNumber.map { JSON($0) }
        object["archive"] = inheritedArchive.map { JSON($0) }
        object["username"] = JSON(username)
        object["role"] = JSON(role.rawValue)
        object["plus"] = JSON(hasPlus)
        object["disabled"] = JSON(isDisabled)
        object["created_at"] = JSON(createdAt.rfc3339)
        object["keys"] = .array(keys.map(\.record))
        object["groups"] = groups.isEmpty ? nil : .array(groups.map { JSON($0) })
        object["limits"] = limits.isEmpty ? nil : limits.json
        object["user_limits"] = userLimits.isEmpty ? nil : userLimits.json
        object["limit_raises"] = raises.isEmpty ? nil : .array(raises.map(\.json))
        return .object(object)
    }

    /// Reads a stored record; nil if it is not one.
    ///
    /// Members that came with later versions have defaults, and those that this version does not know are kept. A role
    /// or a mark of this record that cannot be read makes it unreadable, so that nobody gets more rights by damage.
    package init?(record: JSON) {
        guard let members = record.object, let userID = record["user_id"]?.string,
            let owner = record["owner"]?.string,
            let role = Self.read(record["role"], Role.user, { $0.string.flatMap(Role.init) }),
            let hasPlus = Self.read(record["plus"], false, { $0.bool }),
            let isDisabled = Self.read(record["disabled"], false, { $0.bool }),
            let number = Self.read(record["number"], Int?.none, { $0.int.map(Optional.some) }),
            let ownerNumber = Self.read(record["owner_number"], Int?.none, { $0.int.map(Optional.some) }),
            let archive = Self.read(record["archive"], String?.none, { $0.string.map(Optional.some) }),
            let createdAt = Self.read(
                record["created_at"], Timestamp(microsecondsSinceEpoch: 0),
                { $0.string.flatMap(Timestamp.init(rfc3339:)) }),
            let keyRecords = Self.read(record["keys"], [], { $0.array }),
            let groups = Self.read(record["groups"], [], { $0.strings }),
            let limits = Self.read(record["limits"], Limits(), { try? Limits(json: $0) }),
            let userLimits = Self.read(record["user_limits"], Limits(), { try? Limits(json: $0) }),
            let raises = Self.read(record["limit_raises"], [], { $0.array })
        else { return nil }
        let keys = keyRecords.compactMap(Key.init(record:))
        guard keys.count == keyRecords.count else { return nil }
        self.init(
            id: ID(owner: owner, userID: userID), ownerNumber: ownerNumber,
            username: record["username"]?.string ?? userID,
            role: role, hasPlus: hasPlus, isDisabled: isDisabled, createdAt: createdAt, keys: Key.named(keys),
            number: number, inheritedArchive: archive)
        self.groups = groups
        self.limits = limits
        self.userLimits = userLimits
        // One that cannot be read adds nothing.
        self.raises = raises.compactMap(LimitRaise.init(json:))
        others = JSONObject(unchecked: members.members.filter { !Self.known.contains($0.name) })
    }

    private static let known: Set<String> = [
        "user_id", "owner", "number", "owner_number", "archive", "username", "role", "plus", "disabled", "created_at",
        "keys", "groups", "limits", "user_limits", "limit_raises",
    ]

    /// The value of a member; `missing` where there is none, nil where it is not of its kind.
    static func read<Value>(_ member: JSON?, _ missing: Value, _ decode: (JSON) -> Value?) -> Value? {
        guard let member, member != .null else { return missing }
        return decode(member)
    }

    /// What admins and clients are shown of a user: everything but the digests of its keys.
    package var summary: JSON {
        var object = JSONObject()
        object["user_id"] = JSON(id.userID)
        object["username"] = JSON(username)
        object["owner"] = JSON(id.owner)
        object["role"] = JSON(role.rawValue)
        object["plus"] = JSON(hasPlus)
        object["disabled"] = JSON(isDisabled)
        object["created_at"] = JSON(createdAt.rfc3339)
        object["keys"] = .array(
            keys.map { key in
                [
                    "id": JSON(key.id), "name": JSON(key.name), "created_at": JSON(key.createdAt.rfc3339),
                    "last_four": JSON(key.lastFour), "expires_at": JSON(key.expiresAt?.rfc3339),
                ]
            })
        object["groups"] = .array(groups.map { JSON($0) })
        object["limits"] = limits.json
        if role == .client { object["user_limits"] = userLimits.json }
        let raises = raises.filter { $0.until > .now }
        if !raises.isEmpty { object["limit_raises"] = .array(raises.map(\.json)) }
        return .object(object)
    }
}

extension UserChange {
    /// What the audit log says of it; keys are named by what is done with them only.
    package var details: JSON {
        var object = JSONObject()
        object["plus"] = hasPlus.map { JSON($0) }
        object["disabled"] = isDisabled.map { JSON($0) }
        object["username"] = username.map { JSON($0) }
        if case .set(let groups)? = groups { object["groups"] = .array(groups.map { JSON($0) }) }
        object["limits"] = limits?.json
        object["user_limits"] = userLimits?.json
        return .object(object)
    }
}
