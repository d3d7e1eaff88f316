/// `/api/admin/groups`: groups for admins; their owners see them, and invite and remove members.
package struct GroupsHandler: Sendable {
    let authenticator: Authenticator
    let store: any Store
    let auditLog: AuditLog

    package func list(_ call: Call) async throws -> Response {
        let caller = try call.principal.caller
        let groups = try await store.groups().filter { caller.role == .admin || $0.isOwned(by: caller) }
        return .json(["status": "success", "groups": .array(groups.map(\.summary))])
    }

    package func one(_ call: Call) async throws -> Response { Self.shown(try await group(of: call)) }

    package func add(_ call: Call) async throws -> Response {
        let body = try call.jsonObject()
        guard let id = try call.parameters.identifier("id") else { throw GatewayError.missing("id") }
        guard Group.isValidID(id) else { throw GatewayError.invalid("id", Group.idRule) }
        let group = try await changed(Group(id: id), by: body.filter { $0.name != "id" })
        try await auditLog.note("group.create", ofGroup: id, in: call, ["name": JSON(group.name)])
        guard try await store.addGroup(group) else {
            throw GatewayError(.groupExists, "There is a group of this id already.", parameter: "id")
        }
        return Self.shown(group)
    }

    /// Changes the members of a group that are given; null sets one to its default.
    package func change(_ call: Call) async throws -> Response {
        let before = try await group(of: call)
        let body = try call.jsonObject()
        let after = try await changed(before, by: body)
        try await auditLog.note(
            "group.change", ofGroup: before.id, in: call, ["members": .array(body.map { JSON($0.name) })])
        switch try await store.updateGroup(before, to: after) {
        case .changed: return Self.shown(after)
        case .absent: throw Self.absent
        case .overtaken: throw GatewayError.overtaken
        }
    }

    /// Removes a group that nobody is in, or with `remove_members=true` any.
    package func remove(_ call: Call) async throws -> Response {
        let group = try await group(of: call)
        let removesMembers = try call.parameters.bool("remove_members") ?? false
        if !removesMembers {
            guard try await store.members(of: group.id, before: nil, limit: 1).isEmpty else {
                throw GatewayError(
                    .groupHasMembers,
                    "This group has members. Remove them first, or send remove_members=true; who is in no other group "
                        + "then has the rights of somebody without groups.", parameter: "remove_members")
            }
        }
        try await auditLog.note(
            "group.remove", ofGroup: group.id, in: call, ["remove_members": JSON(removesMembers)])
        guard try await store.removeGroup(group.id) else { throw Self.absent }
        return .json(["status": "success", "message": "Group removed", "id": JSON(group.id)])
    }

    // MARK: Members

    package func members(_ call: Call) async throws -> Response {
        let group = try await group(of: call)
        let limit = try call.parameters.int("limit", in: 1...500) ?? 50
        let before = try call.parameters.text("before").map(UsersHandler.decode)
        let members = try await store.members(of: group.id, before: before, limit: limit)
        let next = members.count == limit ? members.last.map { JSON(UsersHandler.encode($0.id)) } : nil
        let shown: [JSON] = members.map { member in
            [
                "user_id": JSON(member.id.userID), "owner": JSON(member.id.owner), "username": JSON(member.username),
                "disabled": JSON(member.isDisabled), "is_primary": JSON(member.groups.first == group.id),
            ]
        }
        return .json(["status": "success", "members": .array(shown), "next": next ?? .null])
    }

    package func join(_ call: Call) async throws -> Response {
        try await changeMember(in: call, "group.join") { .join($0) }
    }

    package func leave(_ call: Call) async throws -> Response {
        try await changeMember(in: call, "group.leave") { .leave($0) }
    }

    private func changeMember(
        in call: Call, _ action: String, _ change: (Group.ID) -> UserChange.Groups
    ) async throws -> Response {
        let group = try await group(of: call)
        let user = try await person(in: call)
        try await auditLog.note(
            action, ofGroup: group.id, in: call,
            ["owner": JSON(user.id.owner), "user_id": JSON(user.id.userID)])
        switch try await store.updateUser(user, UserChange(groups: change(group.id))) {
        case .changed(let user):
            return .json([
                "status": "success", "message": "Members changed", "user_id": JSON(user.id.userID),
                "owner": JSON(user.id.owner), "groups": .array(user.groups.map { JSON($0) }),
            ])
        case .absent, .lastAdmin: throw GatewayError.userNotFound
        case .refused(let refusal): throw refusal.callerError()
        }
    }

    /// The person who is to join or leave: an owner that is no admin reaches those of its own owner, and a client its
    /// users.
    private func person(in call: Call) async throws -> User {
        let caller = try call.principal.caller
        guard let userID = try call.parameters.identifier("user_id") else { throw GatewayError.missing("user_id") }
        let owner = try call.parameters.identifier("owner")
        guard caller.role != .admin else { return try await authenticator.anyUser(userID, owner: owner) }
        let circle = caller.role == .client ? caller.id.userID : caller.id.owner
        let number = caller.role == .client ? caller.number : caller.ownerNumber
        guard owner == nil || owner == circle, let user = try await store.user(User.ID(owner: circle, userID: userID)),
            user.ownerNumber == number, user.role == .user
        else { throw GatewayError.userNotFound }
        return user
    }

    // MARK: Groups

    /// The group that the path names; to others than admins and its owners it looks like none.
    private func group(of call: Call) async throws -> Group {
        let caller = try call.principal.caller
        guard let group = try await store.group(call.pathValue), caller.role == .admin || group.isOwned(by: caller)
        else { throw Self.absent }
        return group
    }

    private func changed(_ group: Group, by members: [JSONText.Member]) async throws -> Group {
        var group = group
        for member in members where !User.Role.allCases.contains(where: { $0.rawValue == member.name }) {
            do throws(Group.Problem) { try group.set(member.name, to: member.value.value) } catch {
                throw Self.error(error)
            }
        }
        do throws(Group.Problem) { try group.check() } catch { throw Self.error(error) }
        // They are named by id, and kept by number.
        for index in group.owners.indices where members.contains(where: { $0.name == "owners" }) {
            guard let owner = try await store.user(group.owners[index].user) else {
                throw GatewayError.invalid("owners", "users that are there")
            }
            group.owners[index] = Group.Owner(owner)
        }
        return group
    }

    private static func error(_ problem: Group.Problem) -> GatewayError {
        guard Group.settable.contains(problem.member) else {
            return GatewayError(
                .invalidParameter, "There is no parameter \(Text.shown(String(problem.member.prefix(64)))) here.",
                parameter: String(problem.member.prefix(64)))
        }
        return .invalid(problem.member, problem.expected)
    }

    private static func shown(_ group: Group) -> Response { .json(["status": "success", "group": group.summary]) }

    private static let absent = GatewayError(.groupNotFound, "There is no such group.", parameter: "id")
}
