import CFCGI
import Core
import Glibc
import Logging
import Synchronization

/// A FastCGI responder: takes requests from a listening socket and has them answered, many at a time.
///
/// A few threads accept connections and do nothing else; each connection then is one task on `executor`, which
/// holds no thread while it waits, neither for the request nor for the answer. The listening socket stays the caller's.
final class FCGIServer: Sendable {
    struct Limits {
        /// The largest body, in bytes, that reaches the responder, by the request's path.
        var maxBodyBytes: @Sendable (_ path: String) -> Int
        /// How much of a larger body is read and thrown away so that the caller gets its answer.
        var maxDrainedBytes = 64 << 20
        var acceptThreads = 2
        /// How long a peer may take to send all of a request.
        var requestTime = Duration.seconds(30)
        /// How many requests may be read at the same time; beyond, the oldest is given up.
        var maxUnread = 1024
        /// How large the bodies may be together, counted ``bodyCost`` times.
        var maxBodyMemory = 128 << 20
        /// How long a large body waits for room among the others.
        var bodyPatience = Duration.seconds(15)
        /// Where what slow readers have not taken yet is kept; nil: in memory.
        var spoolDirectory: String?
        /// Whether the listening socket is let go once nothing more is accepted, so that another program can take its
        /// place while the last requests are answered.
        var releasesListening = false
    }

    private let listening: Int32
    private let responder: any Responder
    private let executor: RequestExecutor
    private let limits: Limits
    private let logger: Logger
    private let monitor: ConnectionMonitor
    private let inFlight: InFlight
    private let stopping: EventFlag
    private let isStopping = Atomic(false)
    private let acceptThreads = Atomic(0)
    private let unread: UnreadRequests
    private let bodies: MemoryBudget
    private let spool: Spool

    /// Prepares a server for `listening`, which becomes non-blocking.
    ///
    /// - Throws: `SystemCallError`.
    init(
        listening: Int32, responder: any Responder, executor: RequestExecutor, limits: Limits,
        logger: Logger = Logger(label: "fastcgi")
    ) throws {
        FCGILibrary.initialize()
        // Several threads and processes wait for one connection; those that come too late must not block.
        let flags = fcntl(listening, F_GETFL)
        guard flags >= 0, fcntl(listening, F_SETFL, flags | O_NONBLOCK) == 0 else { throw SystemCallError("fcntl") }
        self.listening = listening
        self.responder = responder
        self.executor = executor
        self.limits = limits
        self.logger = logger
        monitor = try ConnectionMonitor()
        inFlight = try InFlight()
        stopping = try EventFlag()
        unread = UnreadRequests(most: limits.maxUnread)
        bodies = MemoryBudget(bytes: limits.maxBodyMemory)
        spool = Spool(directory: limits.spoolDirectory)
    }

    /// How many requests are being read or answered, and accept threads are running.
    var inFlightCount: Int { inFlight.count }

    /// Starts to accept; returns at once.
    func start() {
        startThread { [monitor] in monitor.run() }
        let count = max(1, limits.acceptThreads)
        acceptThreads.store(count, ordering: .sequentiallyConsistent)
        for _ in 0..<count {
            let id = inFlight.enter()
            startThread { [self] in
                accept()
                let left = acceptThreads.subtract(1, ordering: .sequentiallyConsistent).newValue
                if left == 0, limits.releasesListening { releaseListening() }
                inFlight.leave(id)
            }
        }
    }

    /// Accepts nothing more; what was accepted goes on.
    func stopAccepting() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        stopping.raise()
    }

    /// Stops accepting and blocks this thread until all requests are answered.
    ///
    /// - Parameters:
    ///   - limit: How long requests may go on before they are cancelled.
    ///   - grace: How long cancelled ones may take to end.
    /// - Returns: How many requests were still running when it gave up waiting; 0 is a complete drain.
    func drain(atMost limit: Duration, grace: Duration = .seconds(5)) -> Int {
        stopAccepting()
        if !inFlight.waitUntilEmpty(atMost: limit) {
            logger.warning(
                "Requests are cancelled because the drain took too long", metadata: ["count": "\(inFlight.count)"])
            inFlight.cancelAll()
            guard inFlight.waitUntilEmpty(atMost: grace) else { return inFlight.count }
        }
        monitor.stop()
        return 0
    }

    /// The body of an accept thread.
    private func accept() {
        let epoll = cfcgi_epoll_create()
        defer { close(epoll) }
        guard epoll >= 0, cfcgi_epoll_add_listening(epoll, listening, 0) == 0,
            cfcgi_epoll_add_eventfd(epoll, stopping.descriptor, 1) == 0
        else {
            logger.critical(
                "The listening socket cannot be watched", metadata: ["error": "\(SystemCallError("epoll"))"])
            return
        }
        var event = cfcgi_event()
        while true {
            while !isStopping.load(ordering: .sequentiallyConsistent) {
                let connection = cfcgi_accept(listening)
                guard connection >= 0 else {
                    guard mayContinue(afterAcceptError: errno) else { return }
                    break
                }
                begin(connection)
            }
            if isStopping.load(ordering: .sequentiallyConsistent) { return }
            _ = cfcgi_epoll_wait(epoll, &event, 1)
        }
    }

    /// Puts something harmless in the place of the socket, whose number must stay taken.
    private func releaseListening() {
        let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard nothing >= 0 else { return }
        dup2(nothing, listening)
        close(nothing)
    }

    /// Decides about a failed accept; false if the listening socket is of no more use.
    private func mayContinue(afterAcceptError number: Int32) -> Bool {
        switch number {
        case EAGAIN, EINTR, ECONNABORTED: return true
        case EBADF, EINVAL, ENOTSOCK, EOPNOTSUPP:
            logger.critical(
                "The listening socket cannot be used",
                metadata: ["error": "\(SystemCallError("accept", number: number))"])
            return false
        default:
            // Out of descriptors or memory: the connection stays in the queue, so a busy loop would be next.
            logger.error(
                "A connection cannot be accepted", metadata: ["error": "\(SystemCallError("accept", number: number))"])
            _ = stopping.wait(atMost: .milliseconds(100))
            return true
        }
    }

    /// Starts the task that reads the request and answers it.
    private func begin(_ connection: Int32) {
        let id = inFlight.enter()
        let start = ContinuousClock.now
        let watch = monitor.watch(connection)
        let task = Task(executorPreference: executor) { [self] in
            await serve(connection, watch: watch, since: start)
            inFlight.leave(id)
        }
        watch.onHangUp { task.cancel() }
        inFlight.attach({ task.cancel() }, to: id)
    }

    private func serve(_ connection: Int32, watch: ConnectionWatch, since start: ContinuousClock.Instant) async {
        let intake = RequestIntake(
            connection: connection, watch: watch, limits: limits, unread: unread, bodies: bodies, since: start)
        guard let (incoming, share) = await intake.receive() else {
            logger.warning("A connection did not bring a FastCGI request")
            watch.end()
            close(connection)
            return
        }
        let exchange: FCGIExchange
        do { exchange = try FCGIExchange(connection: connection, id: intake.id) } catch {
            watch.end()
            close(connection)
            logger.error("A request cannot be answered", metadata: ["error": "\(error)"])
            return
        }
        await answer(incoming, exchange: exchange, watch: watch, since: start)
        withExtendedLifetime(share) {}
    }

    private func answer(
        _ incoming: IncomingRequest, exchange: FCGIExchange, watch: ConnectionWatch,
        since start: ContinuousClock.Instant
    ) async {
        let request = incoming.request
        var response: Response
        if let refusal = incoming.refusal {
            response = responder.refuse(request, with: refusal.error)
        } else {
            response = await responder.respond(to: request)
        }
        var logger = logger
        logger[metadataKey: "request_id"] = "\(request.id)"
        if !(200...599).contains(response.status.code) {
            logger.critical("A response without a usable status was replaced")
            response = responder.refuse(request, with: TransportRefusal.invalidResponse.error)
        }
        let transmission = ResponseTransmission(
            exchange: exchange, watch: watch, request: request, spool: spool, logger: logger)
        let (status, hasClientLeft) = await transmission.send(&response)
        responder.finished(
            request, status: status, bytesSent: transmission.sent.total, duration: .now - start,
            clientLeft: hasClientLeft)
    }
}
