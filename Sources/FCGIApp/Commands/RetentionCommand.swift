import ArgumentParser
import Core

/// `retention …`: removes what was kept for as long as the settings say.
struct RetentionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention", abstract: "Remove what was kept for long enough.", subcommands: [Run.self])

    struct Run: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Do now what the server does once a day, and say how much it was.",
            discussion: """
                What goes: the names beside the rows of users who were removed retention.billing_days ago. The rows and \
                their sums stay, without a person.
                """)

        @Option(help: ArgumentHelp("The settings file.", valueName: "FILE"))
        var settings: String

        @OptionGroup var state: StateOptions

        @Flag(help: "Only say what would be removed.")
        var dryRun = false

        func run() throws {
            let retention = try Settings.load(path: settings).settings.retention
            let plan = try state.run { [dryRun] store in
                let now = Timestamp.now
                let plan = try await store.outdated(retention, at: now)
                guard !dryRun else { return plan }
                try await CommandAudit(store: store).note("retention.run", plan.details)
                try await store.carryOut(plan, at: now)
                return plan
            }
            for (kind, count) in plan.counts { print("\(kind): \(count) \(dryRun ? "would be removed" : "removed")") }
        }
    }
}
