import ArgumentParser
import Core
import Glibc
import Logging

/// `serve`: the whole server in the foreground; makes the socket and keeps the workers running.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Create the socket for nginx and keep workers running on it.",
        discussion: """
            Writes "ready" to standard output once all workers accept. TERM and INT drain the workers and end the \
            server; HUP reads the settings again and replaces the workers one after another. Settings that are not \
            valid change nothing, and a worker that has to be started again gets the last good ones.
            """)

    @OptionGroup var worker: WorkerOptions

    @Option(help: ArgumentHelp("The Unix socket on which nginx reaches the server.", valueName: "path"))
    var socket: String

    @Option(help: "How many worker processes.")
    var workers = 2

    @Option(help: "The group that may connect to the socket (as root: www-data, if it exists).")
    var group: String?

    func validate() throws {
        guard (1...1024).contains(workers) else { throw ValidationError("--workers must be from 1 to 1024.") }
    }

    func run() throws {
        // Before the first thread: each takes its mask over from the one that starts it.
        let signals = SignalSet(blocking: Supervisor.signals)
        signal(SIGPIPE, SIG_IGN)
        StandardDescriptors.fill()
        let logger = Logger(label: "supervisor")
        let listening: ListeningSocket
        let supervisor: Supervisor
        do {
            let settings = try KeptSettings(path: worker.settings)
            for warning in settings.warnings {
                logger.warning("The settings have a weakness", metadata: ["warning": "\(warning)"])
            }
            try prepareState(settings.settings)
            listening = try ListeningSocket(path: socket, group: SocketGroup.find(group))
            supervisor = try Supervisor(
                listening: listening.descriptor,
                launch: WorkerLaunch(arguments: ["worker"] + worker.arguments, settings: settings),
                workers: workers, drain: .seconds(worker.drainSeconds), signals: signals, logger: logger,
                readSettings: {
                    try settings.read()
                    return settings.warnings
                })
        } catch {
            throw CommandFailure(error)
        }
        let code = supervisor.run()
        listening.remove()
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
