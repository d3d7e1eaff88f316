import ArgumentParser
import Core
import Glibc
import Logging

/// `serve`: the whole server in the foreground; makes the socket and keeps the workers running.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Create the sockets for nginx and keep workers running on them.",
        discussion: """
            All workers accept on the socket PATH; each has one of its own, too: PATH.0, PATH.1 and so on, whose \
            connections nginx may keep. Writes "ready" to standard output once all workers accept. TERM and INT drain the workers and end the \
            server; HUP reads the settings again and replaces the workers one after another. Settings that are not \
            valid change nothing, and a worker that has to be started again gets the last good ones.
            """)

    @OptionGroup var worker: WorkerOptions

    @Option(help: ArgumentHelp("The Unix socket on which nginx reaches the server.", valueName: "path"))
    var socket: String

    @Option(help: "How many worker processes (default: api_server.workers of the settings, else 2).")
    var workers: Int?

    @Option(help: "The group that may connect to the socket (as root: www-data, if it exists).")
    var group: String?

    func validate() throws {
        try WorkerOptions.validate(workers: workers)
    }

    func run() throws {
        // Before the first thread: each takes its mask over from the one that starts it.
        let signals = SignalSet(blocking: Supervisor.signals)
        signal(SIGPIPE, SIG_IGN)
        StandardDescriptors.fill()
        let logger = Logger(label: "supervisor")
        let listening: ListeningSocket
        let own: [ListeningSocket]
        let supervisor: Supervisor
        do {
            let settings = try KeptSettings(path: worker.settings)
            for warning in settings.warnings {
                logger.warning("The settings have a weakness", metadata: ["warning": "\(warning)"])
            }
            try prepareState(settings.settings)
            let group = try SocketGroup.find(group)
            listening = try ListeningSocket(path: socket, group: group)
            own = try (0..<(workers ?? settings.settings.server.workers ?? Settings.Server.usualWorkers)).map {
                try ListeningSocket(path: "\(socket).\($0)", group: group)
            }
            supervisor = try Supervisor(
                listening: listening.descriptor, own: own.map(\.descriptor),
                launch: WorkerLaunch(arguments: ["worker"] + worker.arguments, settings: settings),
                drain: .seconds(worker.drainSeconds), signals: signals, logger: logger,
                readSettings: {
                    try settings.read()
                    return settings.warnings
                })
        } catch {
            throw CommandFailure(error)
        }
        let code = supervisor.run()
        for socket in [listening] + own { socket.remove() }
        if code != 0 { throw ExitCode(code) }
    }

    /// Opens the state directory; the key of a new one's admin is shown on a terminal only, never to a log.
    private func prepareState(_ settings: Settings) throws {
        guard let key = try Composition.prepareState(settings: settings, stateDirectory: worker.stateDir) else {
            return
        }
        let file = "\(worker.stateDir)/admin-key.txt"
        let words = isatty(2) == 1 ? "The admin's key, also in \(file): \(key.text)" : "The admin's key is in \(file)"
        _ = "\(words)\n".withCString { write(2, $0, strlen($0)) }
    }
}
