import CFCGI
import Core
import Glibc
import Logging
import Synchronization

/// A FastCGI responder: takes connections from listening sockets and has their requests answered, many at a time.
///
/// Accepts and reads on the loop, where turns are answered, too; everything else is answered on `threads`. The listening
/// sockets stay the caller's.
///
/// Unchecked: all that changes is touched only on the loop, but for `count`.
final class FCGIServer: @unchecked Sendable {
    struct Limits {
        /// The largest body, in bytes, that reaches the responder, by the request's path.
        var maxBodyBytes: @Sendable (_ path: String) -> Int
        /// Whether a request on this path waits most of its time and never works for long, so that the loop answers it.
        var isLight: @Sendable (_ path: String) -> Bool = { _ in false }
        /// How much of a larger body is read and thrown away so that the caller gets its answer.
        var maxDrainedBytes = 64 << 20
        /// How long a peer may take to send all of a request.
        var requestTime = Duration.seconds(30)
        /// How many requests may be read at the same time; beyond, the oldest is given up.
        var maxUnread = 1024
        /// How large the bodies may be together, counted ``RequestIntake/bodyCost`` times.
        var maxBodyMemory = 128 << 20
        /// How long a large body waits for room among the others.
        var bodyPatience = Duration.seconds(15)
        /// Where what slow readers have not taken yet is kept; nil: in memory.
        var spoolDirectory: String?
        /// Whether the listening sockets are let go once nothing more is accepted, so that another program can take
        /// their place while the last requests are answered.
        var releasesListening = false
    }

    /// A listening socket.
    struct Listener {
        var descriptor: Int32
        /// Whether other processes accept on it, too.
        ///
        /// Its connections are not kept then: who wakes first would get all of them, and with them all requests.
        var isShared = true
    }

    let loop: EventLoop
    let limits: Limits
    let logger: Logger
    /// For reading, by one connection at a time.
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: FCGIConnection.readSize, alignment: 16)
    private let listeners: [Listener]
    private let responder: any Responder
    private let threads: RequestExecutor
    private let bodies: MemoryBudget
    private let spool: Spool
    private var watches: [Int32: EventLoop.Watch] = [:]
    private var isStopping = false
    private var connections: [ObjectIdentifier: FCGIConnection] = [:]
    /// Those whose request has begun and is not whole yet.
    private var unread: [ObjectIdentifier: FCGIConnection] = [:]
    private var isLookingAtUnread = false
    private let count = Atomic(0)
    private let emptied = Semaphore()

    /// Prepares a server for `listeners`, which become non-blocking.
    ///
    /// - Throws: `SystemCallError`.
    init(
        listeners: [Listener], responder: any Responder, threads: RequestExecutor, limits: Limits,
        loop: EventLoop = .shared, logger: Logger = Logger(label: "fastcgi")
    ) throws {
        // Several processes wait for one connection; those that come too late must not block.
        for listener in listeners {
            let flags = fcntl(listener.descriptor, F_GETFL)
            guard flags >= 0, fcntl(listener.descriptor, F_SETFL, flags | O_NONBLOCK) == 0 else {
                throw SystemCallError("fcntl")
            }
        }
        self.listeners = listeners
        self.responder = responder
        self.threads = threads
        self.limits = limits
        self.loop = loop
        self.logger = logger
        bodies = MemoryBudget(bytes: limits.maxBodyMemory)
        spool = Spool(directory: limits.spoolDirectory)
    }

    deinit { buffer.deallocate() }

    /// How many connections there are, with a request or without.
    var connectionCount: Int { count.load(ordering: .sequentiallyConsistent) }

    /// Starts to accept; returns at once.
    func start() {
        loop.run { [self] in
            for listener in listeners { listen(to: listener) }
        }
    }

    /// Accepts nothing more; what was accepted goes on, and so do connections that are kept.
    func stopAccepting() {
        loop.run { [self] in
            guard !isStopping else { return }
            isStopping = true
            for watch in watches.values { loop.end(watch) }
            watches = [:]
            if limits.releasesListening { for listener in listeners { release(listener.descriptor) } }
            if connections.isEmpty { emptied.signal() }
        }
    }

    /// Stops accepting and blocks this thread until the web server has closed all connections that it keeps.
    ///
    /// Only the web server closes those: a request may be on its way to one that we would close.
    ///
    /// - Parameters:
    ///   - limit: How long requests may go on before they are cancelled, and connections be kept.
    ///   - grace: How long cancelled ones may take to end.
    /// - Returns: How many requests were still running when it gave up waiting; 0 is a complete drain.
    func drain(atMost limit: Duration, grace: Duration = .seconds(5)) -> Int {
        stopAccepting()
        if emptied.wait(atMost: limit) { return 0 }
        loop.run { [self] in
            logger.warning(
                "Connections are ended because the drain took too long", metadata: ["count": "\(connections.count)"])
            for connection in Array(connections.values) { connection.giveUp() }
        }
        return emptied.wait(atMost: grace) ? 0 : connectionCount
    }

    // MARK: On the loop

    private func listen(to listener: Listener) {
        guard !isStopping else { return }
        let interest: EventLoop.Interest = [.input, .isShared]
        let watch = loop.watch(listener.descriptor, for: interest) { [unowned self] _ in accept(listener) }
        guard let watch else {
            logger.critical(
                "The listening socket cannot be watched", metadata: ["error": "\(SystemCallError("epoll_ctl"))"])
            return
        }
        watches[listener.descriptor] = watch
    }

    /// Accepts a few, so that a burst on a shared socket is for all that listen.
    private func accept(_ listener: Listener) {
        for _ in 0..<(listener.isShared ? 4 : 64) {
            let descriptor = cfcgi_accept(listener.descriptor)
            guard descriptor >= 0 else { return stumble(over: errno, at: listener) }
            let connection = FCGIConnection(descriptor, server: self, mayBeKept: !listener.isShared)
            connections[ObjectIdentifier(connection)] = connection
            count.store(connections.count, ordering: .sequentiallyConsistent)
            connection.begin()
        }
    }

    /// Decides about a failed accept.
    private func stumble(over number: Int32, at listener: Listener) {
        let error = SystemCallError("accept", number: number)
        switch number {
        case EAGAIN, EINTR, ECONNABORTED: return
        case EBADF, EINVAL, ENOTSOCK, EOPNOTSUPP:
            logger.critical("The listening socket cannot be used", metadata: ["error": "\(error)"])
            if let watch = watches.removeValue(forKey: listener.descriptor) { loop.end(watch) }
        default:
            // Out of descriptors or memory: the connection stays in the queue, so a busy loop would be next.
            logger.error("A connection cannot be accepted", metadata: ["error": "\(error)"])
            if let watch = watches.removeValue(forKey: listener.descriptor) { loop.end(watch) }
            loop.after(.milliseconds(100)) { [weak self] in self?.listen(to: listener) }
        }
    }

    /// Puts something harmless in the place of a socket, whose number must stay taken.
    private func release(_ listening: Int32) {
        let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard nothing >= 0 else { return }
        dup2(nothing, listening)
        close(nothing)
    }

    /// Notes a connection whose request is not whole; where there are too many, the oldest is given up.
    func isUnread(_ connection: FCGIConnection) {
        unread[ObjectIdentifier(connection)] = connection
        // A web server that holds requests back until it has them whole sends one at once, so the oldest is the one
        // that will not come.
        if unread.count > limits.maxUnread { unread.values.min { $0.start < $1.start }?.giveUp() }
        if !isLookingAtUnread { lookAtUnread() }
    }

    func isRead(_ connection: FCGIConnection) { unread[ObjectIdentifier(connection)] = nil }

    /// Gives up those that take too long, and looks again when the next will.
    private func lookAtUnread() {
        let limit = ContinuousClock.now - limits.requestTime
        for connection in Array(unread.values) where connection.start <= limit { connection.giveUp() }
        isLookingAtUnread = !unread.isEmpty
        guard let next = unread.values.map(\.start).min() else { return }
        loop.after(next - limit) { [weak self] in self?.lookAtUnread() }
    }

    func isClosed(_ connection: FCGIConnection) {
        isRead(connection)
        connections[ObjectIdentifier(connection)] = nil
        count.store(connections.count, ordering: .sequentiallyConsistent)
        if isStopping, connections.isEmpty { emptied.signal() }
    }

    /// Has `incoming` answered.
    ///
    /// - Parameter share: What must be kept as long as the request is.
    /// - Returns: What cancels that.
    func answer(
        _ incoming: IncomingRequest, on exchange: FCGIExchange, holding share: MemoryBudget.Share?,
        since start: ContinuousClock.Instant
    ) -> () -> Void {
        let isLight = incoming.refusal != nil || share == nil && limits.isLight(incoming.request.path)
        let task = Task(executorPreference: isLight ? loop : threads) { [self] in
            let isWhole = await answer(incoming, on: exchange, since: start)
            withExtendedLifetime(share) {}
            exchange.handBack(isWhole: isWhole)
        }
        return { task.cancel() }
    }

    // MARK: In tasks

    /// Waits for room for a body.
    func room(for bytes: Int, of address: String) async -> MemoryBudget.Share? {
        await bodies.take(bytes, for: address, atMost: limits.bodyPatience)
    }

    private func answer(
        _ incoming: IncomingRequest, on exchange: FCGIExchange, since start: ContinuousClock.Instant
    ) async -> Bool {
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
        let transmission = ResponseTransmission(exchange: exchange, request: request, spool: spool, logger: logger)
        let (status, isWhole, hasClientLeft) = await transmission.send(&response)
        responder.finished(
            request, status: status, bytesSent: exchange.bodyBytesSent, duration: .now - start,
            clientLeft: hasClientLeft)
        return isWhole
    }
}
