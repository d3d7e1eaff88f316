import ArgumentParser
import Logging

/// The root of the command line.
@main
struct App: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chatgpt-api-server",
        abstract: "A self-hosted, multi-user ChatGPT API server behind nginx.",
        subcommands: [
            ServeCommand.self, WorkerCommand.self, NginxConfigCommand.self, CheckSettingsCommand.self,
            UsersCommand.self, KeysCommand.self, GroupsCommand.self, AdminCommand.self, AccountsCommand.self,
            ImportCommand.self, ExportCommand.self, AuditCommand.self, UsageCommand.self,
            LimitsCommand.self, PseudonymCommand.self, RetentionCommand.self,
        ])

    static func main() {
        LoggingSystem.bootstrap { JSONLogHandler(label: $0) }
        main(nil)
    }
}
