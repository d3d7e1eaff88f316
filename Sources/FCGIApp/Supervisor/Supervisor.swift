import CFCGI
import Glibc
import Logging

/// Keeps the workers of a server running: carries out what ``Supervision`` decides.
///
/// One thread waits for signals, for workers that become ready, and for deadlines.
final class Supervisor {
    /// The socket that all workers share, and the one of each slot.
    private let listening: Int32
    private let own: [Int32]
    private let launch: WorkerLaunch
    /// Reads the settings again and keeps them for the next workers if they are good; gives the warnings.
    private let readSettings: () throws -> [String]
    private let logger: Logger
    private let signals: Int32
    private let start = ContinuousClock.now
    private var supervision: Supervision
    /// The descriptors of workers that are not ready yet.
    private var readiness: [Int32: Int32] = [:]
    private var exitCode: Int32?

    /// The signals that ``run()`` waits for; they must be blocked.
    static let signals = [SIGTERM, SIGINT, SIGHUP, SIGCHLD]

    init(
        listening: Int32, own: [Int32], launch: WorkerLaunch, drain: Duration, signals: SignalSet, logger: Logger,
        readSettings: @escaping () throws -> [String]
    ) throws {
        self.listening = listening
        self.own = own
        self.launch = launch
        self.readSettings = readSettings
        self.logger = logger
        self.signals = try signals.makeDescriptor()
        // A worker drains, then cancels what is left and waits up to five seconds for that.
        supervision = Supervision(workers: own.count, limits: .init(end: drain + .seconds(10)))
    }

    deinit {
        close(signals)
        for descriptor in readiness.values { close(descriptor) }
    }

    /// Runs until all workers have ended after TERM or INT; returns the exit code of the program.
    func run() -> Int32 {
        perform(supervision.begin())
        while true {
            perform(supervision.tick(at: now))
            if let exitCode { return exitCode }
            waitForEvent()
        }
    }

    private var now: Duration { ContinuousClock.now - start }

    private func waitForEvent() {
        let waiting = readiness.map { (pid: $0.key, descriptor: $0.value) }
        var entries = [pollfd(fd: signals, events: Int16(POLLIN), revents: 0)]
        entries += waiting.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        let timeout = supervision.nextDeadline.map { ($0 - now).pollTimeout } ?? -1
        guard poll(&entries, nfds_t(entries.count), timeout) > 0 else { return }
        for (worker, entry) in zip(waiting, entries.dropFirst()) where entry.revents != 0 {
            var byte: UInt8 = 0
            let isReady = read(worker.descriptor, &byte, 1) == 1
            close(worker.descriptor)
            readiness[worker.pid] = nil
            if isReady { perform(supervision.becameReady(pid: worker.pid, at: now)) }
        }
        while case let signal = cfcgi_next_signal(signals), signal != 0 { handle(signal) }
    }

    private func handle(_ signal: Int32) {
        switch signal {
        case SIGCHLD: reap()
        case SIGHUP: perform(supervision.reloadRequested())
        default:
            logger.notice("Stopping", metadata: ["signal": "\(signal)"])
            perform(supervision.stop(at: now))
        }
    }

    private func reap() {
        var status: Int32 = 0
        while case let pid = waitpid(-1, &status, WNOHANG), pid > 0 {
            if let descriptor = readiness.removeValue(forKey: pid) { close(descriptor) }
            perform(supervision.ended(pid: pid, ProcessEnd(waitStatus: status), at: now))
        }
    }

    private func perform(_ actions: [Supervision.Action]) {
        for action in actions {
            switch action {
            case .start(let slot): startWorker(slot)
            case .terminate(let pid): kill(pid, SIGTERM)
            case .kill(let pid): kill(pid, SIGKILL)
            case .announceReady: announceReady()
            case .checkSettings: reload()
            case .exit(let code): exitCode = code
            case .report(let report): log(report)
            }
        }
    }

    private func startWorker(_ slot: Int) {
        do {
            let (pid, descriptor) = try launch.start(listening: listening, own: own[slot])
            readiness[pid] = descriptor
            supervision.started(slot: slot, pid: pid, at: now)
        } catch {
            logger.error("A worker cannot be started", metadata: ["error": "\(error)"])
            perform(supervision.startFailed(slot: slot, at: now))
        }
    }

    private func reload() {
        do {
            for warning in try readSettings() {
                logger.warning("The settings have a weakness", metadata: ["warning": "\(warning)"])
            }
            perform(supervision.reload())
        } catch {
            logger.error(
                "The settings are refused; the old workers and their settings stay", metadata: ["error": "\(error)"])
        }
    }

    /// Scripts wait for exactly this line.
    private func announceReady() {
        let line = Array("ready\n".utf8)
        _ = write(1, line, line.count)
        logger.notice("All workers accept")
    }

    private func log(_ report: Supervision.Report) {
        switch report {
        case .workerFailed(let pid, let end, let delay):
            logger.error(
                "A worker ended by itself",
                metadata: ["pid": "\(pid)", "reason": "\(end)", "restart_in": "\(delay)"])
        case .startFailed(let pid, let end):
            logger.critical("A worker did not start", metadata: ["pid": "\(pid)", "reason": "\(end)"])
        case .replacementFailed(let pid, let end):
            logger.error(
                "A new worker did not start; the other old workers stay",
                metadata: ["pid": "\(pid)", "reason": "\(end)"])
        case .reloaded: logger.notice("All workers are replaced")
        case .tooSlowToStart(let pid):
            logger.error("A worker is killed: it did not accept", metadata: ["pid": "\(pid)"])
        case .tooSlowToEnd(let pid): logger.error("A worker is killed: it did not end", metadata: ["pid": "\(pid)"])
        }
    }
}

extension Duration {
    /// The duration as `poll(2)` wants it: whole milliseconds, rounded up, never negative.
    var pollTimeout: Int32 {
        guard self > .zero else { return 0 }
        let (seconds, attoseconds) = components
        guard seconds < 1_000_000 else { return 1_000_000_000 }
        let fraction = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return Int32(truncatingIfNeeded: seconds * 1000 + fraction)
    }
}
