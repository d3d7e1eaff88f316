import ArgumentParser
import Core

/// `users …`: adds, lists, removes users and rotates their keys.
struct UsersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "users", abstract: "Add, list and remove users, and rotate their keys.",
        subcommands: [Add.self, List.self, Remove.self, RotateKey.self])

    /// Names one user.
    struct UserOptions: ParsableArguments {
        @Option(help: ArgumentHelp("The user's id, unique within its owner.", valueName: "ID"))
        var userID: String

        @Option(help: ArgumentHelp("The user id of the client that owns the user, or \"self\".", valueName: "ID"))
        var owner = User.selfOwner

        func validate() throws {
            guard Identifier.isValid(userID), Identifier.isValid(owner) else {
                throw ValidationError("An id is \(Identifier.rule).")
            }
        }

        var id: User.ID { User.ID(owner: owner, userID: userID) }
    }

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a user and print its key, this once.")

        @OptionGroup var state: StateOptions
        @OptionGroup var user: UserOptions

        @Option(help: ArgumentHelp("The name of the person or program.", valueName: "NAME"))
        var username: String

        @Option(help: "user, client or admin.")
        var role: User.Role = .user

        @Flag(help: "The user may use plus accounts.")
        var plus = false

        func validate() throws {
            guard role == .user || user.owner == User.selfOwner else {
                throw ValidationError("Only users can belong to a client.")
            }
            do throws(GatewayError) { _ = try made(by: .admin, keys: []) } catch {
                throw ValidationError(error.message)
            }
        }

        private func made(by creator: User.Creator, keys: [User.Key]) throws(GatewayError) -> User {
            try User.make(
                userID: user.userID, username: username, role: role, hasPlus: plus, by: creator, keys: keys,
                names: User.ParameterNames(userID: "--user-id", username: "--username", plus: "--plus"))
        }

        func run() throws {
            let key = APIKey.generate()
            try state.run { store in
                var creator = User.Creator.admin
                if user.owner != User.selfOwner {
                    guard let client = try await store.user(User.ID(owner: User.selfOwner, userID: user.owner)),
                        client.role == .client
                    else { throw CommandFailure("There is no client \(user.owner).") }
                    creator = .client(client)
                }
                let user = try made(by: creator, keys: [User.Key(key)])
                try await CommandAudit(store: store).note("add user", of: user, ["role": JSON(role.rawValue)])
                guard try await store.addUser(user).user != nil else {
                    throw CommandFailure("The user \(user.id.userID) exists already.")
                }
            }
            print(key.text)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List users, newest first.")

        @OptionGroup var state: StateOptions

        @Option(help: ArgumentHelp("Only the users of this client, or \"self\".", valueName: "ID"))
        var owner: String?

        @Flag(help: "Print JSON, one object a line.")
        var json = false

        func run() throws {
            try state.run { store in
                var before: User.ID?
                while true {
                    let users = try await store.users(ownedBy: owner, before: before, limit: 500)
                    for user in users { print(json ? Text.shown(user.summary) : line(user)) }
                    guard users.count == 500 else { return }
                    before = users.last?.id
                }
            }
        }

        private func line(_ user: User) -> String {
            let marks = [user.hasPlus ? "plus" : nil, user.isDisabled ? "disabled" : nil].compactMap { $0 }
            return ([user.id.owner, user.id.userID, user.role.rawValue] + marks + [Text.shown(user.username)])
                .joined(separator: "\t")
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a user, its keys and its conversations.")

        @OptionGroup var state: StateOptions
        @OptionGroup var user: UserOptions

        @Flag(help: "Keep the conversations for the admins.")
        var keepConversations = false

        func run() throws {
            let removal = try state.run { store in
                guard let record = try await store.user(user.id) else { return UserRemoval.absent }
                try await CommandAudit(store: store).note(
                    "remove user", of: record, ["keep_conversations": JSON(keepConversations), "remove_users": false])
                return try await store.removeUser(record, keepConversations: keepConversations, withUsers: false)
            }
            switch removal {
            case .removed: return
            case .absent: throw absent
            case .hasUsers: throw CommandFailure("The client \(user.userID) has users. Remove them first.")
            case .lastAdmin:
                throw CommandFailure("\(user.userID) is the last admin that can sign in. Add another one first.")
            }
        }

        private var absent: CommandFailure { CommandFailure("There is no user \(user.userID) of \(user.owner).") }
    }

    struct RotateKey: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate-key", abstract: "Give a user a new key, print it, and take the old ones.")

        @OptionGroup var state: StateOptions
        @OptionGroup var user: UserOptions

        func run() throws {
            let key = APIKey.generate()
            let changed = try state.run { store in
                guard let record = try await store.user(user.id) else { return UserUpdate.absent }
                try await CommandAudit(store: store).note("rotate key", of: record)
                return try await store.updateUser(record, UserChange(keys: .rotate(to: User.Key(key))))
            }
            guard changed.user != nil else {
                throw CommandFailure("There is no user \(user.userID) of \(user.owner).")
            }
            print(key.text)
        }
    }
}

extension User.Role: ExpressibleByArgument {}
