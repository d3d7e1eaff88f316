import ArgumentParser

/// The root of the command line.
@main
struct App: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chatgpt-api-server",
        abstract: "A self-hosted, multi-user ChatGPT API server behind nginx.",
        subcommands: [ServeCommand.self, WorkerCommand.self])
}
