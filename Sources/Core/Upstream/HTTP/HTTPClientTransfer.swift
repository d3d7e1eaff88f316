import CCurl
import Glibc
import Synchronization

/// One exchange: the C side's callbacks put in, one task takes out.
///
/// The C side keeps a reference from the start to its last callback.
final class HTTPTransfer: Sendable {
    struct Head: Sendable {
        var status: Int
        /// As it came: the status line and a line for each field.
        var bytes: [UInt8]
    }

    private struct State {
        var handle: OpaquePointer?
        var head: Head?
        var body: [UInt8] = []
        var isPaused = false
        var isWoken = false
        /// Nil while it runs, then nil or an error.
        var end: HTTPClientError??
        var waiter: Waiter?
    }

    /// A task that waits, and what may take pieces in its place as long as it does.
    private struct Waiter {
        let task: CheckedContinuation<Void, Never>
        let tap: BodyTap?
    }

    /// How much of a body is kept for a slow reader before the upstream is made to wait.
    private static let highWater = 64 << 10

    /// The pointer in it is the C side's, which any thread may use until `deinit` releases it.
    private struct Guarded: @unchecked Sendable { var state = State() }

    private let loop: EventLoop
    private let guarded = Mutex(Guarded())

    /// The tasks that callbacks of this round have something for.
    ///
    /// An answer that comes in one piece is a head, a body and an end; its task is woken once.
    private static let waiters = Mutex<[Waiter]>([])

    init(loop: EventLoop) { self.loop = loop }

    /// Runs on the loop after each round of callbacks.
    static func resumeWaiters() {
        let ready = waiters.withLock { waiters in
            defer { waiters.removeAll(keepingCapacity: true) }
            return waiters
        }
        for waiter in ready { waiter.task.resume() }
    }

    deinit {
        if let handle = guarded.withLock({ $0.state.handle }) { casc_release(handle) }
    }

    /// Copies the request to the C side, which starts it.
    func start(
        _ request: HTTPClientRequest, on client: OpaquePointer, _ configuration: HTTPClient.Configuration
    ) throws(HTTPClientError) {
        let context = Unmanaged.passRetained(self).toOpaque()
        // `Expect: 100-continue` would cost a round trip or a second of waiting.
        let lines = request.headers.map { "\($0.name): \($0.value)" } + ["Expect:"]
        let handle = CStrings.with(lines) { headers in
            CStrings.with([request.url, request.method, request.proxy, configuration.caFile]) { texts in
                (request.body ?? []).withUnsafeBytes { body in
                    var description = casc_request()
                    description.url = texts[0]
                    description.method = texts[1]
                    description.proxy = texts[2]
                    description.ca_file = texts[3]
                    description.headers = headers.baseAddress
                    description.header_count = headers.count
                    description.body = body.baseAddress
                    description.body_length = body.count
                    description.has_body = request.body == nil ? 0 : 1
                    description.connect_ms = Self.milliseconds(configuration.connectTimeout)
                    description.first_byte_ms = Self.milliseconds(
                        request.firstByteTimeout ?? configuration.firstByteTimeout)
                    description.idle_ms = Self.milliseconds(request.idleTimeout ?? configuration.idleTimeout)
                    description.total_ms = request.totalTimeout.map(Self.milliseconds) ?? 0
                    var callbacks = Self.callbacks
                    return casc_start(client, &description, &callbacks, context)
                }
            }
        }
        guard let handle else {
            Unmanaged<HTTPTransfer>.fromOpaque(context).release()
            throw HTTPClientError(kind: .protocolError, detail: "no memory", wasSent: false)
        }
        nonisolated(unsafe) let kept = handle
        guarded.withLock { $0.state.handle = kept }
        ask(casc_begin)
    }

    /// Waits for the head; to be asked for once.
    func response() async throws(HTTPClientError) -> HTTPClientResponse {
        HTTPClientResponse(head: try await head(), transfer: self)
    }

    private func head() async throws(HTTPClientError) -> Head {
        while true {
            let (head, end) = guarded.withLock { ($0.state.head, $0.state.end) }
            if let head { return head }
            if let end { throw end ?? HTTPClientError(kind: .reset, detail: "no answer", wasSent: true) }
            await wait { $0.head != nil || $0.end != nil }
        }
    }

    /// The next piece, nil at the clean end; an empty one where ``wake()`` ended the wait.
    ///
    /// - Parameter tap: Is offered each piece on the loop as long as this waits.
    func next(_ tap: BodyTap? = nil) async throws(HTTPClientError) -> [UInt8]? {
        while true {
            let (piece, end, wasPaused, isWoken) = guarded.withLock { guarded in
                defer {
                    guarded.state.body = []
                    guarded.state.isPaused = false
                    guarded.state.isWoken = false
                }
                return (guarded.state.body, guarded.state.end, guarded.state.isPaused, guarded.state.isWoken)
            }
            if wasPaused { ask(casc_resume) }
            if !piece.isEmpty { return piece }
            if let end {
                if let error = end { throw error }
                return nil
            }
            if isWoken { return [] }
            await wait(tap) { !$0.body.isEmpty || $0.end != nil }
        }
    }

    /// Ends the wait of a task for a piece; does nothing where none waits.
    func wake() {
        let waiter = guarded.withLock { guarded in
            guarded.state.isWoken = guarded.state.waiter != nil
            return guarded.state.waiter.take()
        }
        waiter?.task.resume()
    }

    func cancel() {
        if guarded.withLock({ $0.state.end == nil }) { ask(casc_cancel) }
    }

    private func ask(_ function: @escaping @Sendable (OpaquePointer?) -> Void) {
        loop.run { [self] in
            if let handle = guarded.withLock({ Unchecked($0.state.handle) }).pointer { function(handle) }
        }
    }

    /// Lets the pointer out of the lock; see ``Guarded``.
    private struct Unchecked: @unchecked Sendable {
        let pointer: OpaquePointer?
        init(_ pointer: OpaquePointer?) { self.pointer = pointer }
    }

    /// Suspends until a callback changes something; a cancelled task makes the transfer end, which is a change.
    private func wait(_ tap: BodyTap? = nil, until isReady: @Sendable (borrowing State) -> Bool) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
                let isReady = guarded.withLock { guarded -> Bool in
                    if isReady(guarded.state) { return true }
                    guarded.state.waiter = Waiter(task: waiter, tap: tap)
                    return false
                }
                if isReady { waiter.resume() }
            }
        } onCancel: {
            cancel()
        }
    }

    // MARK: Callbacks, on the loop

    private static let callbacks = casc_callbacks(
        head: { context, status, bytes, length in
            let transfer = HTTPTransfer.from(context)
            let head = Head(status: status, bytes: Array(UnsafeRawBufferPointer(start: bytes, count: length)))
            transfer.change {
                $0.head = head
                return true
            }
        },
        body: { context, bytes, length in
            let transfer = HTTPTransfer.from(context)
            let piece = UnsafeRawBufferPointer(start: bytes, count: length)
            if transfer.pass(piece) { return 0 }
            let isTaken = transfer.change { state in
                guard state.body.count < highWater else {
                    state.isPaused = true
                    return false
                }
                state.body.append(contentsOf: piece)
                return true
            }
            return isTaken ? 0 : 1
        },
        done: { context, result, detail, sent in
            guard let context else { return }
            let transfer = Unmanaged<HTTPTransfer>.fromOpaque(context).takeRetainedValue()
            let error = HTTPClientError(
                result: result, detail: detail.map { String(cString: $0) } ?? "", wasSent: sent != 0)
            transfer.change {
                $0.end = .some(error)
                return true
            }
        })

    /// Offers a piece to the tap of the task that waits; whoever takes it need not wake that.
    ///
    /// Under the lock, so that the task sees what the tap has done, and the tap is gone once the task goes on.
    private func pass(_ piece: UnsafeRawBufferPointer) -> Bool {
        guarded.withLock { $0.state.waiter?.tap?.take(piece) ?? false }
    }

    /// Notes what came, and the task that waits for it; false from `change` means that nothing was taken.
    @discardableResult
    private func change(_ change: (inout State) -> Bool) -> Bool {
        let (isTaken, waiter) = guarded.withLock { guarded in
            let isTaken = change(&guarded.state)
            return (isTaken, isTaken ? guarded.state.waiter.take() : nil)
        }
        if let waiter { Self.waiters.withLock { $0.append(waiter) } }
        return isTaken
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> HTTPTransfer {
        guard let context else { preconditionFailure("the C side lost its context") }
        return Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
    }

    private static func milliseconds(_ duration: Duration) -> Int { max(1, Int(duration.microseconds / 1000)) }
}

/// Lends Swift strings to C as an array of pointers, nil for nil, for the length of a call.
private enum CStrings {
    static func with<Result>(
        _ texts: [String?], _ body: (UnsafeBufferPointer<UnsafePointer<CChar>?>) -> Result
    ) -> Result {
        let copies = texts.map { $0.map { strdup($0) } ?? nil }
        defer { for copy in copies { free(copy) } }
        return copies.map { $0.map { UnsafePointer($0) } }.withUnsafeBufferPointer(body)
    }
}
