import ArgumentParser
import Core

/// `groups …`: lists, adds, changes and removes groups, and their members.
struct GroupsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "groups", abstract: "List, add, change and remove groups, and their members.",
        subcommands: [List.self, Add.self, Set.self, Remove.self, Members.self])

    /// Members of a group as `NAME=VALUE`.
    struct Values: ParsableArguments {
        @Argument(
            help: ArgumentHelp(
                "What to set: \(Group.settable.joined(separator: ", ")). A value is JSON, or a text; lists may be "
                    + "written with commas.", valueName: "NAME=VALUE"))
        var values: [String] = []

        /// Sets all values in `group`.
        func apply(to group: Group, in store: any Store) async throws -> Group {
            var group = group
            do {
                for value in values {
                    let parts = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                    guard parts.count == 2 else { throw CommandFailure("\(value) is not NAME=VALUE.") }
                    let name = String(parts[0])
                    try group.set(name, to: Self.json(String(parts[1]), of: name))
                }
                try group.check()
            } catch let problem as Group.Problem {
                throw CommandFailure("\(problem.member) must be \(problem.expected).")
            }
            for index in group.owners.indices {
                guard let owner = try await store.user(group.owners[index].user) else {
                    throw CommandFailure("There is no user \(group.owners[index].user.userID) who could be an owner.")
                }
                if group.owners[index].number == nil { group.owners[index] = Group.Owner(owner) }
            }
            return group
        }

        /// What is set, for the audit log.
        var names: JSON { .array(values.compactMap { $0.split(separator: "=").first.map { JSON(String($0)) } }) }

        private static func json(_ text: String, of name: String) -> JSON {
            if text.isEmpty { return .null }
            let isList = ["owners", "sso_values", "models", "locations"].contains(name) && !text.hasPrefix("[")
            if isList { return .array(text.split(separator: ",").map { JSON(String($0)) }) }
            let isText = ["name", "cost_center"].contains(name)
            return isText ? JSON(text) : (try? JSONReader.read(text, limits: .trusted)) ?? JSON(text)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the groups.")

        @OptionGroup var state: StateOptions

        @Flag(help: "Print JSON, one object a line.")
        var json = false

        func run() throws {
            for group in try state.run({ try await $0.groups() }) {
                print(json ? Text.shown(group.summary) : line(group))
            }
        }

        private func line(_ group: Group) -> String {
            var words = [group.id, group.kind.rawValue]
            if group.hasPlus { words.append("plus") }
            if !group.isValid(at: .now) { words.append("not valid now") }
            return (words + [Text.shown(group.name)]).joined(separator: "\t")
        }
    }

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a group.")

        @OptionGroup var state: StateOptions
        @Argument(help: "The group's id.") var id: String
        @OptionGroup var values: Values

        func validate() throws {
            guard Group.isValidID(id) else { throw ValidationError("An id is \(Group.idRule).") }
        }

        func run() throws {
            let isAdded = try state.run { [id, values] store in
                let group = try await values.apply(to: Group(id: id), in: store)
                try await CommandAudit(store: store).note("group.create", ofGroup: id, ["name": JSON(group.name)])
                return try await store.addGroup(group)
            }
            guard isAdded else { throw CommandFailure("There is a group \(id) already.") }
        }
    }

    struct Set: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Change a group; an empty value sets the default.")

        @OptionGroup var state: StateOptions
        @Argument(help: "The group's id.") var id: String
        @OptionGroup var values: Values

        func run() throws {
            let update = try state.run { [id, values] store in
                guard let before = try await store.group(id) else { return GroupUpdate.absent }
                let after = try await values.apply(to: before, in: store)
                try await CommandAudit(store: store).note("group.change", ofGroup: id, ["members": values.names])
                return try await store.updateGroup(before, to: after)
            }
            switch update {
            case .changed: return
            case .absent: throw CommandFailure("There is no group \(id).")
            case .overtaken: throw CommandFailure("Somebody else changed the group at the same moment. Look again.")
            }
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a group.")

        @OptionGroup var state: StateOptions
        @Argument(help: "The group's id.") var id: String

        @Flag(help: "Remove it from its members, too.")
        var removeMembers = false

        func run() throws {
            let isRemoved = try state.run { [id, removeMembers] store in
                guard try await store.group(id) != nil else { return false }
                let members = try await store.members(of: id, before: nil, limit: 1)
                guard removeMembers || members.isEmpty else {
                    throw CommandFailure("The group \(id) has members. Remove them first, or say --remove-members.")
                }
                try await CommandAudit(store: store).note(
                    "group.remove", ofGroup: id, ["remove_members": JSON(removeMembers)])
                return try await store.removeGroup(id)
            }
            guard isRemoved else { throw CommandFailure("There is no group \(id).") }
        }
    }

    struct Members: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the members of a group; add and remove some.")

        @OptionGroup var state: StateOptions
        @Argument(help: "The group's id.") var id: String

        @Option(help: ArgumentHelp("Add this user, as USER_ID or OWNER/USER_ID.", valueName: "USER"))
        var add: [String] = []

        @Option(help: ArgumentHelp("Remove this user from the group.", valueName: "USER"))
        var remove: [String] = []

        @Flag(help: "Print JSON, one object a line.")
        var json = false

        func run() throws {
            try state.run { [id, add, remove, json] store in
                guard try await store.group(id) != nil else { throw CommandFailure("There is no group \(id).") }
                for user in add { try await change(user, "group.join", .join(id), in: store) }
                for user in remove { try await change(user, "group.leave", .leave(id), in: store) }
                guard add.isEmpty, remove.isEmpty else { return }
                var before: User.ID?
                while true {
                    let members = try await store.members(of: id, before: before, limit: 500)
                    for user in members {
                        print(json ? Text.shown(user.summary) : "\(user.id.owner)\t\(user.id.userID)")
                    }
                    guard members.count == 500 else { return }
                    before = members.last?.id
                }
            }
        }

        private func change(
            _ user: String, _ action: String, _ groups: UserChange.Groups, in store: any Store
        ) async throws {
            let absent = CommandFailure("There is no user \(user), or it is in too many groups.")
            let parts = user.split(separator: "/").map(String.init)
            let id = User.ID(owner: parts.count == 2 ? parts[0] : User.selfOwner, userID: parts.last ?? "")
            guard (1...2).contains(parts.count), let record = try await store.user(id) else { throw absent }
            try await CommandAudit(store: store).note(
                action, ofGroup: self.id, ["owner": JSON(id.owner), "user_id": JSON(id.userID)])
            guard case .changed = try await store.updateUser(record, UserChange(groups: groups)) else { throw absent }
        }
    }
}
