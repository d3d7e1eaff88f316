import CFCGI
import Core
import Glibc
import Synchronization

/// Accepts FastCGI requests on a socket and serves each in a task of its own.
final class FCGIServer: Sendable {
    private struct State {
        var accepters = 0
        var next = 0
        var running: [Int: Departure] = [:]
    }

    private let listener: Int32
    private let responder: any Responder
    private let executor: RequestExecutor
    private let maxBodyBytes: Int
    private let events = SocketEvents()
    private let wake = fcgi_eventfd()
    private let state = Mutex(State())

    /// - Parameter listener: A listening socket; it is made non-blocking.
    init(listener: Int32, responder: any Responder, executor: RequestExecutor, maxBodyBytes: Int) {
        self.listener = listener
        self.responder = responder
        self.executor = executor
        self.maxBodyBytes = maxBodyBytes
    }

    /// Begins to accept.
    ///
    /// Two threads do, because libfcgi waits up to two seconds for a peer that connects and says nothing.
    func start() {
        _ = fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK)
        FCGX_Init()
        // libfcgi installs handlers of its own for these.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGTERM, SIG_DFL)
        signal(SIGUSR1, SIG_DFL)
        state.withLock { $0.accepters = 2 }
        for _ in 0..<2 { startThread(stackSize: 1 << 20) { [self] in acceptUntilWoken() } }
    }

    /// Stops to accept, and waits until what runs is done.
    ///
    /// - Parameter limit: After it the tasks are cancelled and given two more seconds.
    /// - Returns: Whether everything ended in time.
    func drain(limit: Duration) -> Bool {
        _ = fcgi_eventfd_signal(wake)
        if waitUntilIdle(for: limit) { return true }
        for departure in state.withLock({ Array($0.running.values) }) { departure.leave() }
        _ = waitUntilIdle(for: .seconds(2))
        return false
    }

    private func waitUntilIdle(for limit: Duration) -> Bool {
        let end = ContinuousClock.now + limit
        while state.withLock({ $0.accepters > 0 || !$0.running.isEmpty }) {
            guard ContinuousClock.now < end else { return false }
            usleep(2000)
        }
        return true
    }

    private func acceptUntilWoken() {
        defer { state.withLock { $0.accepters -= 1 } }
        var waiting = [
            pollfd(fd: listener, events: Int16(POLLIN), revents: 0), pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            guard poll(&waiting, 2, -1) > 0 else { continue }
            if waiting[1].revents != 0 { return }
            switch FCGIConnection.accept(on: listener) {
            case .connection(let connection): take(connection)
            case .nothing: continue
            case .exhausted: usleep(10_000)
            }
        }
    }

    /// Reads the request and hands it to a task.
    private func take(_ connection: FCGIConnection) {
        let started = ContinuousClock.now
        var head = FCGIRequestHead(connection.parameters())
        if let body = connection.readBody(limit: maxBodyBytes, expected: head.contentLength) {
            head.request.body = body
        } else {
            head.fault = GatewayError(.bodyTooLarge, "The body is larger than \(maxBodyBytes) bytes.")
        }
        let departure = Departure()
        let id = state.withLock { state in
            state.next += 1
            state.running[state.next] = departure
            return state.next
        }
        let token = events.watch(connection.descriptor) { departure.leave() }
        let (request, fault) = (head.request, head.fault)
        let task = Task(executorPreference: executor) { [self] in
            await serve(request, fault, connection, token, departure, since: started)
            _ = state.withLock { $0.running.removeValue(forKey: id) }
        }
        departure.attach(task)
    }

    private func serve(
        _ request: Request, _ fault: GatewayError?, _ connection: FCGIConnection, _ token: SocketEvents.Token,
        _ departure: Departure, since started: ContinuousClock.Instant
    ) async {
        let writer = FCGIWriter(connection, events: events, token: token)
        var response: Response
        if let fault {
            response = .failure(fault, requestID: request.id)
        } else {
            response = await responder.respond(to: request)
        }
        do {
            try await writer.send(response, isHead: request.method == .head)
        } catch {
            // The caller left, or a stream ended early; its end is all that can still be sent.
        }
        events.unwatch(token)
        connection.finish()
        responder.finished(
            request, status: response.status.code, bytesSent: writer.bytesSent,
            duration: ContinuousClock.now - started, clientLeft: departure.hasLeft)
    }
}
