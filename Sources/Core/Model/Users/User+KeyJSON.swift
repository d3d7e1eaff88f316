extension User.Key {
    /// The record as it is stored; members with their default are left out.
    var record: JSON {
        var object = others
        object["id"] = JSON(id)
        object["digest"] = JSON(digest)
        object["created_at"] = JSON(createdAt.rfc3339)
        object["last_four"] = JSON(lastFour)
        object["name"] = JSON(name)
        object["note"] = note.isEmpty ? nil : JSON(note)
        object["former"] = former.map {
            ["digest": JSON($0.digest), "last_four": JSON($0.lastFour), "until": JSON($0.until.rfc3339)]
        }
        object["not_before"] = notBefore.map { JSON($0.rfc3339) }
        object["expires_at"] = expiresAt.map { JSON($0.rfc3339) }
        object["scopes"] = scopes.count == Scope.allCases.count ? nil : scopeList
        object["models"] = models.isEmpty ? nil : .array(models.map { JSON($0) })
        object["group"] = group.map { JSON($0) }
        object["limits"] = limits.isEmpty ? nil : limits.json
        return .object(object)
    }

    /// Reads a stored record; nil if it is not one.
    ///
    /// What bounds a key and cannot be read makes the record unreadable, so that no key gets more rights by damage.
    init?(record: JSON) {
        guard let members = record.object, let digest = record["digest"]?.string,
            let former = User.read(record["former"], Former?.none, { Former(record: $0).map(Optional.some) }),
            let notBefore = User.read(record["not_before"], Timestamp?.none, Self.time),
            let expiresAt = User.read(record["expires_at"], Timestamp?.none, Self.time),
            let scopes = User.read(record["scopes"], Set(Scope.allCases), Self.scopes),
            let models = User.read(record["models"], [], { $0.strings }),
            let group = User.read(record["group"], Group.ID?.none, { $0.string.map(Optional.some) }),
            let limits = User.read(record["limits"], Limits(), { try? Limits(json: $0) })
        else { return nil }
        let createdAt = record["created_at"]?.string.flatMap(Timestamp.init(rfc3339:))
        self.init(
            id: record["id"]?.string, digest: digest, createdAt: createdAt ?? Timestamp(microsecondsSinceEpoch: 0),
            lastFour: record["last_four"]?.string ?? "", name: record["name"]?.string ?? "")
        note = record["note"]?.string ?? ""
        (self.former, self.notBefore, self.expiresAt) = (former, notBefore, expiresAt)
        (self.scopes, self.models, self.group, self.limits) = (scopes, models, group, limits)
        others = JSONObject(unchecked: members.members.filter { !Self.known.contains($0.name) })
    }

    private static let known: Set<String> = [
        "id", "digest", "created_at", "last_four", "name", "note", "former", "not_before", "expires_at", "scopes",
        "models", "group", "limits",
    ]

    private static func time(_ json: JSON) -> Timestamp?? { json.string.flatMap(Timestamp.init(rfc3339:)).map { $0 } }

    /// Scopes of a later version are none of this one's.
    private static func scopes(_ json: JSON) -> Set<Scope>? {
        json.strings.map { Set($0.compactMap(Scope.init(rawValue:))) }
    }

    var scopeList: JSON {
        .array(Scope.allCases.filter(scopes.contains).map { JSON($0.rawValue) })
    }

    /// What its user, and those who manage it, are shown.
    package func summary(lastUsedAt: Timestamp?) -> JSON {
        [
            "id": JSON(id), "name": JSON(name), "note": JSON(note), "last_four": JSON(lastFour),
            "created_at": JSON(createdAt.rfc3339), "not_before": JSON(notBefore?.rfc3339),
            "expires_at": JSON(expiresAt?.rfc3339), "scopes": scopeList, "models": .array(models.map { JSON($0) }),
            "group": JSON(group), "limits": limits.json, "last_used_at": JSON(lastUsedAt?.rfc3339),
            "former_until": JSON(former?.until.rfc3339),
        ]
    }

    /// The keys of one user, each with a name of its own, which those of the version before lack.
    static func named(_ keys: [User.Key]) -> [User.Key] {
        guard keys.contains(where: { $0.name.isEmpty }) else { return keys }
        var keys = keys
        for index in keys.indices where keys[index].name.isEmpty {
            let isFirst = !keys.contains { $0.name == standardName }
            keys[index].name = isFirst ? standardName : "key \(keys[index].id)"
        }
        return keys
    }
}

extension User.Key.Former {
    fileprivate init?(record: JSON) {
        guard let digest = record["digest"]?.string,
            let until = record["until"]?.string.flatMap(Timestamp.init(rfc3339:))
        else { return nil }
        self.init(digest: digest, lastFour: record["last_four"]?.string ?? "", until: until)
    }
}

extension JSON {
    /// The elements of an array of strings; nil for anything else.
    var strings: [String]? {
        guard let array else { return nil }
        let strings = array.compactMap(\.string)
        return strings.count == array.count ? strings : nil
    }
}
