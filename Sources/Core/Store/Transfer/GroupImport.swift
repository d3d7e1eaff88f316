/// Takes over the groups that an export wrote, and who is in them; users and keys must be there already.
package struct GroupImport {
    package struct Report: Sendable {
        package var lines: [String] = []
        package var addedGroups = 0
        package var addedMembers = 0
    }

    private let store: any Store
    private let isDryRun: Bool
    private var report = Report()

    package init(store: any Store, isDryRun: Bool) {
        self.store = store
        self.isDryRun = isDryRun
    }

    /// - Parameter lines: All of the export; those of other types are passed over.
    package mutating func run(_ lines: [JSON]) async throws -> Report {
        for line in lines where line["type"]?.string == "group" { try await add(line) }
        for line in lines where line["type"]?.string == "user" { try await addMember(line) }
        return report
    }

    private mutating func add(_ line: JSON) async throws {
        var record = line.object ?? JSONObject()
        record["type"] = nil
        guard var group = Group(record: .object(record)), Group.isValidID(group.id) else {
            return note("a group could not be read: \(line["id"]?.string ?? "without an id")")
        }
        let wanted = group.owners
        group.owners = []
        for owner in wanted { group.owners += try await store.user(owner.user).map { [Group.Owner($0)] } ?? [] }
        if group.owners.count < wanted.count { note("group \(group.id): owners who are not here were left out") }
        let isNew = isDryRun ? try await store.group(group.id) == nil : try await store.addGroup(group)
        guard isNew else { return note("group \(group.id) is there already: unchanged") }
        report.addedGroups += 1
        note("group \(group.id): added")
    }

    /// Adds the user to the groups of its line that it is not in, behind those that it has.
    private mutating func addMember(_ line: JSON) async throws {
        guard let groups = line["groups"]?.strings, !groups.isEmpty, let userID = line["user_id"]?.string,
            let owner = line["owner"]?.string
        else { return }
        guard let user = try await store.user(User.ID(owner: owner, userID: userID)) else {
            return note("user \(userID) of \(owner) is not here")
        }
        for group in groups where !user.groups.contains(group) {
            let isAdded =
                if isDryRun { true } else {
                    try await store.updateUser(user, UserChange(groups: .join(group))).user != nil
                }
            if isAdded { report.addedMembers += 1 } else { note("user \(userID) could not join \(group)") }
        }
    }

    private mutating func note(_ line: String) { report.lines.append(Text.shown(line)) }
}
