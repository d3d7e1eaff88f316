import ArgumentParser
import Core
import Logging
import Synchronization

/// `accounts …`: shows the accounts, takes them out and in, tries them.
struct AccountsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accounts", abstract: "Show, enable, disable and test accounts.",
        subcommands: [List.self, Enable.self, Disable.self, Test.self])

    struct Options: ParsableArguments {
        @Option(help: ArgumentHelp("The settings file.", valueName: "FILE"))
        var settings: String

        @OptionGroup var state: StateOptions

        @Flag(help: "Print JSON, one object a line.")
        var json = false

        /// Runs `work` on a thread that may block and prints the rows that it gives.
        func print(_ work: @escaping @Sendable (AccountAdmin) async throws -> [JSON]) throws {
            let admin = try Composition.makeAccountAdmin(settingsPath: settings, stateDirectory: state.stateDir)
            for row in try Blocking.run({ try await work(admin) }) { Swift.print(json ? row.text : Self.line(row)) }
        }

        private static func line(_ row: JSON) -> String {
            var words = ["id", "kind", "state"].compactMap { row[$0]?.string }
            words.append(row["plus"]?.bool == true ? "plus" : "free")
            words.append("\(row["in_flight"]?.int ?? 0) in flight")
            for name in ["reason", "until"] { if let text = row[name]?.string { words.append(text) } }
            if let test = row["test"] {
                words.append(
                    test["ok"]?.bool == true
                        ? "test ok, \(test["milliseconds"]?.int ?? 0) ms"
                        : "test failed: \(test["reason"]?.string ?? "")")
            }
            return words.joined(separator: "\t")
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the accounts with their health.")
        @OptionGroup var options: Options
        func run() throws { try options.print { try await $0.rows() } }
    }

    struct Enable: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let an account be used again, at once.")
        @OptionGroup var options: Options
        @Argument(help: "The account's id.") var id: String
        func run() throws { try options.perform(.enable, on: id) }
    }

    struct Disable: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take an account out until it is enabled.")
        @OptionGroup var options: Options
        @Argument(help: "The account's id.") var id: String
        func run() throws { try options.perform(.disable, on: id) }
    }

    struct Test: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Send one tiny prompt to an account.")
        @OptionGroup var options: Options
        @Argument(help: "The account's id.") var id: String
        func run() throws { try options.perform(.test, on: id) }
    }
}

extension AccountsCommand.Options {
    fileprivate func perform(_ action: AccountAdmin.Action, on id: String) throws {
        try print { admin in
            let account = try await admin.perform(action, on: Account.ID(rawValue: id)) { name in
                try await CommandAudit(store: admin.store).note(name, ["account": JSON(id)])
            }
            return [account]
        }
    }
}
