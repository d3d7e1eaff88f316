import ArgumentParser
import Core
import Logging

/// `limits …`: shows how far a user's limits are used up, and sets them.
struct LimitsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits", abstract: "Show and set what a user may use.", subcommands: [Show.self, Set.self])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show how far a user's limits are used up.")

        @OptionGroup var state: StateOptions
        @OptionGroup var user: UsersCommand.UserOptions

        @Option(help: ArgumentHelp("The settings file, for limits that everybody has.", valueName: "FILE"))
        var settings: String?

        @Flag(help: "Print JSON, one object a line.")
        var json = false

        func run() throws {
            let defaults = try settings.map { try Settings.load(path: $0).settings.limits } ?? .init()
            let standings = try state.run { store in
                guard let record = try await store.user(user.id) else { throw user.absent }
                return try await TurnLimits(store: store, settings: defaults).standings(of: record)
            }
            for standing in standings {
                let row = standing.json
                guard !json else {
                    print(Text.shown(row))
                    continue
                }
                let words = ["subject", "kind", "used", "reserved", "max", "resets_at"].map { name in
                    row[name]?.string ?? row[name]?.text ?? ""
                }
                print(words.joined(separator: "\t"))
            }
        }
    }

    struct Set: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set limits of a user.",
            discussion: """
                Each limit is KIND=AMOUNT, where the amount may be none (no limit) or default (what others have). Kinds \
                that are not named stay as they are.
                """)

        @OptionGroup var state: StateOptions
        @OptionGroup var user: UsersCommand.UserOptions

        @Flag(help: "Of each of the client's users, and not of the client.")
        var ofUsers = false

        @Argument(help: ArgumentHelp("A limit, as tokens_per_day=100000.", valueName: "KIND=AMOUNT"))
        var limits: [String]

        func validate() throws {
            var limits = Limits()
            for text in self.limits { try change(&limits, text) }
        }

        func run() throws {
            let changed = try state.run { store in
                guard let record = try await store.user(user.id) else { throw user.absent }
                guard !ofUsers || record.role == .client else {
                    throw CommandFailure("\(user.userID) is no client.")
                }
                var limits = ofUsers ? record.userLimits : record.limits
                for text in self.limits { try change(&limits, text) }
                let change = ofUsers ? UserChange(userLimits: limits) : UserChange(limits: limits)
                try await CommandAudit(store: store).note("limits.change", of: record, change.details)
                return try await store.updateUser(record, change).user
            }
            guard let changed else { throw user.absent }
            print((ofUsers ? changed.userLimits : changed.limits).json.text)
        }

        private func change(_ limits: inout Limits, _ text: String) throws {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, let kind = Limits.Kind(rawValue: parts[0]) else {
                let kinds = Limits.Kind.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("\(text) must be KIND=AMOUNT, with one of \(kinds).")
            }
            switch parts[1] {
            case "none": limits[kind] = Limits.Bound.none
            case "default": limits[kind] = nil
            default:
                do throws(Limits.Problem) { limits[kind] = try Limits.bound(.number(parts[1]), of: kind) } catch {
                    throw ValidationError("\(kind.rawValue) must be \(error.expected).")
                }
            }
        }
    }
}

extension UsersCommand.UserOptions {
    fileprivate var absent: CommandFailure { CommandFailure("There is no user \(userID) of \(owner).") }
}
