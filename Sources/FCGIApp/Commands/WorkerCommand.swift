import ArgumentParser
import CFCGI
import Core
import Glibc

struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "worker")
    @Option var settings: String
    @Option var stateDir: String
    func run() throws {
        var set = sigset_t(); sigemptyset(&set); sigaddset(&set, SIGTERM); sigaddset(&set, SIGINT)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        let parts = try Composition.makeResponder(settingsPath: settings, stateDirectory: stateDir)
        let server = FCGIServer(listener: 0, responder: parts.responder, executor: RequestExecutor(threads: parts.executorThreads), maxBodyBytes: parts.maxBodyBytes)
        server.start()
        var sig: Int32 = 0
        sigwait(&set, &sig)
        _ = server.drain(limit: .seconds(10))
        Glibc.exit(0)
    }
}
