import ArgumentParser
import CFCGI
import Core
import Glibc
import Logging

/// `worker`: one FastCGI responder on an inherited listening socket.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Answer FastCGI requests on an inherited listening socket.",
        discussion: """
            The socket is descriptor 0, as spawn-fcgi passes it, or descriptor 3 with LISTEN_FDS=1, as systemd does. \
            TERM, INT and USR1 stop accepting, let running requests end, and then end the worker.
            """)

    @OptionGroup var options: WorkerOptions

    func run() throws {
        // Before the first thread: each takes its mask over from the one that starts it.
        let signals = SignalSet(blocking: [SIGTERM, SIGINT, SIGUSR1])
        // For the supervisor, which may share our terminal or our process group.
        signal(SIGHUP, SIG_IGN)
        signal(SIGPIPE, SIG_IGN)
        guard WorkerEnvironment.endWithSupervisor() else { return }
        WorkerEnvironment.raiseDescriptorLimit()

        let logger = Logger(label: "worker")
        let server: FCGIServer
        let (drain, close): (@Sendable () -> Void, @Sendable () -> Void)
        do {
            let listeners = try WorkerEnvironment.listeners()
            let settings = try WorkerEnvironment.keptSettings() ?? Settings.load(path: options.settings).settings
            let parts = try Composition.makeResponder(settings: settings, stateDirectory: options.stateDir)
            (drain, close) = (parts.drain, parts.close)
            server = try FCGIServer(
                listeners: listeners, responder: parts.responder,
                threads: RequestExecutor(threads: parts.executorThreads),
                limits: .init(
                    maxBodyBytes: parts.maxBodyBytes, isLight: parts.isLight, spoolDirectory: parts.spoolDirectory,
                    releasesListening: true))
        } catch {
            throw CommandFailure(error)
        }
        LogLines.shared.begin(on: server.loop)
        server.start()
        WorkerEnvironment.reportReady()

        let received = signals.wait()
        logger.info("Draining", metadata: ["signal": "\(received)"])
        drain()
        let abandoned = server.drain(atMost: .seconds(options.drainSeconds))
        if abandoned > 0 { logger.error("Requests did not end when cancelled", metadata: ["count": "\(abandoned)"]) }
        if abandoned == 0 { close() }
        LogLines.shared.end()
        fflush(nil)
        // Other threads are running: what exit(3) tears down could be in use.
        _exit(0)
    }
}
