extension Group {
    /// What is wrong with a member that somebody sent.
    package struct Problem: Error, Equatable {
        package var member: String
        /// A phrase to follow "must be".
        package var expected: String
    }

    /// The names of what may be set.
    package static let settable = [
        "name", "kind", "owners", "sso_values", "models", "plus", "limits", "member_limits", "cost_center",
        "valid_from", "valid_until", "archive", "retention_days", "locations", "windows",
    ]

    /// What admins and owners are shown.
    package var summary: JSON {
        [
            "id": JSON(id), "name": JSON(name), "kind": JSON(kind.rawValue),
            "owners": .array(owners.map { ["user_id": JSON($0.user.userID), "owner": JSON($0.user.owner)] }),
            "sso_values": Self.list(ssoValues), "models": Self.list(models), "plus": JSON(hasPlus),
            "limits": limits.json, "member_limits": memberLimits.json, "cost_center": JSON(costCenter),
            "valid_from": JSON(validFrom?.rfc3339), "valid_until": JSON(validUntil?.rfc3339),
            "archive": JSON(archive.rawValue), "retention_days": retentionDays.map { JSON($0) } ?? .null,
            "locations": Self.list(locations.map(\.rawValue)), "windows": .array(windows.map(\.json)),
            "created_at": JSON(createdAt.rfc3339),
        ]
    }

    /// As it is stored, with what a later version may have put into it.
    var record: JSON {
        var object = others
        for member in summary.object?.members ?? [] { object[member.name] = member.value }
        object["owners"] = .array(owners.map(\.record))
        object["removed"] = isRemoved ? true : nil
        return .object(object)
    }

    /// Reads a stored record; nil where it is none, or a member of it cannot be read.
    init?(record: JSON) {
        guard let object = record.object, let id = record["id"]?.string else { return nil }
        let createdAt = record["created_at"]?.string.flatMap(Timestamp.init(rfc3339:))
        self.init(id: id, createdAt: createdAt ?? Timestamp(microsecondsSinceEpoch: 0))
        isRemoved = record["removed"]?.bool ?? false
        var rest: [JSONObject.Member] = []
        for member in object.members {
            switch member.name {
            case "id", "created_at", "removed": break
            case let name where Self.settable.contains(name):
                do { try set(name, to: member.value) } catch { return nil }
            default: rest.append(member)
            }
        }
        others = JSONObject(unchecked: rest)
    }

    /// Sets one member, null to its default; the whole is checked by ``check()``.
    package mutating func set(_ name: String, to json: JSON) throws(Problem) {
        let reader = MemberReader(name: name, json: json)
        switch name {
        case "name": self.name = try reader.read(id, User.usernameRule) { $0.string.flatMap(Self.validName) }
        case "kind": kind = try reader.choice(.group)
        case "owners": owners = try reader.read([], Self.ownersRule, Self.owners)
        case "sso_values": ssoValues = try reader.strings()
        case "models": models = try reader.strings()
        case "plus": hasPlus = try reader.read(false, "true or false") { $0.bool }
        case "limits": limits = try reader.limits()
        case "member_limits": memberLimits = try reader.limits()
        case "cost_center":
            costCenter = try reader.optional("1 to 256 bytes on one line") { $0.string.flatMap(Self.line) }
        case "valid_from": validFrom = try reader.time()
        case "valid_until": validUntil = try reader.time()
        case "archive": archive = try reader.choice(.full)
        case "retention_days":
            retentionDays = try reader.optional("a whole number from 1 to 36500, or null") { json in
                json.int.flatMap { (1...36_500).contains($0) ? $0 : nil }
            }
        case "locations": locations = try reader.choices()
        case "windows": windows = try reader.read([], Self.windowsRule, Self.windows)
        default: throw Problem(member: name, expected: "one of \(Self.settable.joined(separator: ", "))")
        }
    }

    /// Checks what members say together.
    package func check() throws(Problem) {
        if let validFrom, let validUntil, validUntil <= validFrom {
            throw Problem(member: "valid_until", expected: "later than valid_from")
        }
    }

    private static func list(_ strings: [String]) -> JSON { .array(strings.map { JSON($0) }) }

    private static func validName(_ text: String) -> String? { User.isValidUsername(text) ? text : nil }

    static func line(_ text: String) -> String? {
        (1...256).contains(text.utf8.count) && !text.unicodeScalars.contains(where: Text.isHidden) ? text : nil
    }

    private static let ownersRule =
        "an array of at most 100 users, each as \"USER_ID\" or \"OWNER/USER_ID\""

    private static func owners(_ json: JSON) -> [Owner]? {
        guard let elements = json.array, elements.count <= 100 else { return nil }
        let owners = elements.compactMap(Owner.init(json:))
        return owners.count == elements.count ? owners : nil
    }

    private static let windowsRule =
        "an array of at most 200 objects with from, a later until, and action (allow or pause)"

    private static func windows(_ json: JSON) -> [Window]? {
        guard let elements = json.array, elements.count <= 200 else { return nil }
        let windows = elements.compactMap(Window.init(json:))
        return windows.count == elements.count ? windows : nil
    }
}

extension Group.Owner {
    fileprivate var record: JSON {
        var object = JSONObject()
        object["user_id"] = JSON(user.userID)
        object["owner"] = JSON(user.owner)
        object["number"] = number.map { JSON($0) }
        return .object(object)
    }

    fileprivate init?(json: JSON) {
        if let text = json.string {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard (1...2).contains(parts.count), parts.allSatisfy(Identifier.isValid) else { return nil }
            let owner = parts.count == 2 ? parts[0] : User.selfOwner
            self.init(user: User.ID(owner: owner, userID: parts[parts.count - 1]), number: nil)
        } else {
            guard let userID = json["user_id"]?.string, Identifier.isValid(userID) else { return nil }
            let owner = json["owner"]?.string ?? User.selfOwner
            guard Identifier.isValid(owner) else { return nil }
            self.init(user: User.ID(owner: owner, userID: userID), number: json["number"]?.int)
        }
    }
}

extension Group.Window {
    fileprivate var json: JSON {
        ["from": JSON(from.rfc3339), "until": JSON(until.rfc3339), "action": JSON(action.rawValue)]
    }

    fileprivate init?(json: JSON) {
        guard let from = json["from"]?.string.flatMap(Timestamp.init(rfc3339:)),
            let until = json["until"]?.string.flatMap(Timestamp.init(rfc3339:)), from < until,
            let action = json["action"]?.string.flatMap(Action.init(rawValue:))
        else { return nil }
        self.init(from: from, until: until, action: action)
    }
}
