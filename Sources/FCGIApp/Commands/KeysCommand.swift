import ArgumentParser
import Core

/// `keys …`: lists, adds, revokes and rotates the keys of a user.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "List, add, revoke and rotate the keys of a user.",
        subcommands: [List.self, Add.self, Revoke.self, Rotate.self])

    struct Options: ParsableArguments {
        @OptionGroup var state: StateOptions
        @OptionGroup var user: UsersCommand.UserOptions

        /// Runs `work` with the user and gives what comes of it.
        func run<Value: Sendable>(_ work: @escaping @Sendable (User, any Store) async throws -> Value) throws -> Value {
            let (id, user) = (self.user.id, self.user)
            return try state.run { store in
                guard let record = try await store.user(id) else {
                    throw CommandFailure("There is no user \(user.userID) of \(user.owner).")
                }
                return try await work(record, store)
            }
        }

        /// Changes a key of the user, with a line in the audit log.
        func change(
            _ action: String, _ make: @escaping @Sendable (User) throws -> (key: User.Key, change: UserChange.Keys)
        ) throws {
            let update = try run { user, store in
                let (key, change) = try make(user)
                try await CommandAudit(store: store).note(
                    action, of: user, ["key_id": JSON(key.id), "key_name": JSON(key.name)])
                return try await store.updateUser(user, UserChange(keys: change))
            }
            switch update {
            case .changed: return
            case .absent: throw CommandFailure("The user is gone.")
            case .lastAdmin:
                throw CommandFailure("This is the last key of the last admin that can sign in. Add another one first.")
            case .refused(.keyNameTaken): throw CommandFailure("There is a key of this name already.")
            case .refused: throw CommandFailure("Somebody else changed the key at the same moment. Look again.")
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the keys of a user, without their texts.")

        @OptionGroup var options: Options

        @Flag(help: "Print JSON, one object a line.")
        var json = false

        func run() throws {
            let rows = try options.run { user, store in
                var rows: [JSON] = []
                for key in user.keys { rows.append(key.summary(lastUsedAt: try await store.lastUse(of: key.id))) }
                return rows
            }
            for row in rows { print(json ? Text.shown(row) : Self.line(row)) }
        }

        private static func line(_ row: JSON) -> String {
            let words = ["id", "name", "last_four", "expires_at", "last_used_at"].map { row[$0]?.string ?? "-" }
            return words.map { Text.shown($0) }.joined(separator: "\t")
        }
    }

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a key and print it, this once.")

        @OptionGroup var options: Options

        @Option(help: ArgumentHelp("What the key is called, unique for the user.", valueName: "NAME"))
        var name: String

        @Option(help: ArgumentHelp("How many days it works; without it for ever.", valueName: "DAYS"))
        var days: Int?

        @Option(help: ArgumentHelp("chat, v1, recall or manage, once for each; without it all.", valueName: "SCOPE"))
        var scope: [User.Key.Scope] = []

        @Option(help: ArgumentHelp("A model that it may use, once for each; without it all.", valueName: "MODEL"))
        var model: [String] = []

        @Option(help: ArgumentHelp("The group that pays.", valueName: "ID"))
        var group: String?

        func validate() throws {
            guard User.isValidUsername(name) else { throw ValidationError("A name is \(User.usernameRule).") }
            guard days.map({ (1...36_500).contains($0) }) ?? true else {
                throw ValidationError("--days takes a whole number from 1 to 36500.")
            }
        }

        func run() throws {
            let text = APIKey.generate()
            var key = User.Key(text, name: name)
            key.expiresAt = days.map { Timestamp.now + .seconds($0 * 86_400) }
            if !scope.isEmpty { key.scopes = Set(scope) }
            key.models = model
            key.group = group
            try options.change("key.create") { [key] user in
                guard key.group.map({ user.groups.contains($0) }) ?? true else {
                    throw CommandFailure("The user is not in that group.")
                }
                return (key, .add(key))
            }
            print(text.text)
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Revoke a key, at once and everywhere.")

        @OptionGroup var options: Options

        @Argument(help: "The key's id or name.") var key: String

        func run() throws {
            try options.change("key.revoke") { [key] user in
                let found = try find(key, of: user)
                return (found, .revoke(found.id))
            }
        }
    }

    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a key a new text and print it; the old one ends at once, or after a while.")

        @OptionGroup var options: Options

        @Option(help: ArgumentHelp("How long the old text works, up to 604800.", valueName: "SECONDS"))
        var graceSeconds = 0

        @Argument(help: "The key's id or name.") var key: String

        func validate() throws {
            guard (0...604_800).contains(graceSeconds) else {
                throw ValidationError("--grace-seconds takes a whole number from 0 to 604800.")
            }
        }

        func run() throws {
            let text = APIKey.generate()
            try options.change("key.rotate") { [key, graceSeconds] user in
                let before = try find(key, of: user)
                return (before, .edit(before, to: before.rotated(to: text, grace: .seconds(graceSeconds), at: .now)))
            }
            print(text.text)
        }
    }
}

private func find(_ key: String, of user: User) throws -> User.Key {
    guard let found = user.keys.first(where: { $0.id == key }) ?? user.keys.first(where: { $0.name == key }) else {
        throw CommandFailure("The user has no key \(key).")
    }
    return found
}

extension User.Key.Scope: ExpressibleByArgument {}
