import CFCGI
import Core
import Glibc

/// One connection of a web server, from its first byte to its last: request, answer, and the next request if it is kept.
///
/// One request is answered at a time; what comes meanwhile waits. What may follow a request is known only if all of it
/// was read and all of the answer went out, so that a connection is closed after everything else.
///
/// Unchecked: all but `descriptor` and `loop` is touched only on the loop.
final class FCGIConnection: @unchecked Sendable {
    private enum Phase {
        case reading
        /// The body waits for room among the others.
        case waiting
        case answering
        case closed
    }

    /// How much is read at a time, into one buffer of the loop.
    static let readSize = 64 << 10

    let descriptor: Int32
    let loop: EventLoop
    private let server: FCGIServer
    private let mayBeKept: Bool
    private var watch: EventLoop.Watch?
    private var interest = EventLoop.Interest.input
    private var phase = Phase.reading
    private var intake: RequestIntake
    /// Since when the request is being read.
    private(set) var start: ContinuousClock.Instant
    private var isFirst = true
    /// What came while nothing could be done with it; nothing more is read then.
    private var queued: [UInt8] = []
    private var exchange: FCGIExchange?
    /// Ends the task that works for this connection.
    private var cancel: (() -> Void)?
    private var isAborted = false

    init(_ descriptor: Int32, server: FCGIServer, mayBeKept: Bool) {
        self.descriptor = descriptor
        self.server = server
        self.mayBeKept = mayBeKept
        loop = server.loop
        intake = RequestIntake(limits: server.limits)
        start = .now
    }

    /// Whether there is nothing to be done for it but to wait for the next request.
    private var isIdle: Bool { phase == .reading && intake.isUntouched }

    func begin() {
        watch = loop.watch(descriptor, for: .input) { [unowned self] in handle($0) }
        guard watch != nil else { return close() }
        // As a rule all of the request is here.
        read()
        if phase == .reading { server.isUnread(self) }
    }

    /// Has the connection end: at once, or as soon as the task that works for it has.
    func giveUp() {
        cancel?()
        if phase != .answering { close() }
    }

    private func handle(_ what: EventLoop.Interest) {
        if what.contains(.room) {
            watchInput()
            exchange?.roomCame()
        }
        if what.contains(.input) { read() } else if what.contains(.hangUp) { peerLeft() }
        if what.contains(.hangUp), phase == .answering { peerLeft() }
    }

    private func read() {
        let buffer = server.buffer
        while readsOn {
            let count = cfcgi_receive(descriptor, buffer, Self.readSize)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return }
            guard count > 0 else { return peerLeft() }
            if phase == .reading, isIdle, !isFirst { start = .now }
            take(UnsafeBufferPointer(start: buffer.assumingMemoryBound(to: UInt8.self), count: count))
            // As a rule there is no more, and the loop tells if there is.
            if count < Self.readSize { break }
        }
    }

    private func take(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard phase == .reading else { return queue(bytes) }
        let (used, progress) = intake.take(bytes)
        if used < bytes.count { queued += bytes[used...] }
        switch progress {
        case .unfinished: if !isFirst { server.isUnread(self) }
        case .broken: refuse()
        case .needsRoom(let bytes, let address): waitForRoom(bytes, for: address)
        case .whole: answer()
        }
    }

    /// Keeps what came during an answer, unless it says that the answer is not wanted any more.
    private func queue(_ bytes: UnsafeBufferPointer<UInt8>) {
        queued += bytes
        guard phase == .answering, queued.count >= FCGIRecords.headerSize else { return }
        let id = UInt16(queued[2]) << 8 | UInt16(queued[3])
        if queued[1] == FCGIRecords.Kind.abort.rawValue, id == intake.id {
            isAborted = true
            cancel?()
        }
        // A task may wait for room.
        watch(for: interest.intersection(.room))
    }

    private func waitForRoom(_ bytes: Int, for address: String) {
        phase = .waiting
        server.isUnread(self)
        watchInput()
        let task = Task(executorPreference: loop) { [self] in
            let share = await server.room(for: bytes, of: address)
            loop.run { [self] in admit(share) }
        }
        cancel = { task.cancel() }
    }

    private func admit(_ share: MemoryBudget.Share?) {
        guard phase == .waiting else { return }
        cancel = nil
        intake.admit(share)
        readOn()
    }

    private func answer() {
        server.isRead(self)
        guard let incoming = intake.finish() else { return refuse() }
        phase = .answering
        let exchange = FCGIExchange(self, id: intake.id)
        self.exchange = exchange
        cancel = server.answer(incoming, on: exchange, holding: intake.share, since: start)
        if !queued.isEmpty {
            let bytes = queued
            queued = []
            bytes.withUnsafeBufferPointer { queue($0) }
        }
    }

    /// Ends a request whose task is over; only one that was answered whole may be followed by another.
    func answered(isWhole: Bool) {
        (exchange, cancel) = (nil, nil)
        guard isWhole, mayBeKept, intake.isToBeKept, !isAborted, watch != nil else { return close() }
        intake = RequestIntake(limits: server.limits)
        isFirst = false
        start = .now
        readOn()
    }

    /// Reads on, what is queued first.
    private func readOn() {
        phase = .reading
        let bytes = queued
        queued = []
        if !bytes.isEmpty { bytes.withUnsafeBufferPointer { take($0) } }
        if phase == .reading { watchInput() }
    }

    /// Has the loop tell when there is room, for a task that has something to send.
    func watchRoom() {
        watch(for: readsOn ? [.input, .room] : .room)
    }

    private func watchInput() { watch(for: readsOn ? .input : []) }

    private func watch(for wanted: EventLoop.Interest) {
        guard let watch, wanted != interest else { return }
        interest = wanted
        loop.change(watch, to: wanted)
    }

    private var readsOn: Bool { phase == .reading || phase == .answering && queued.count < FCGIRecords.headerSize }

    private func peerLeft() {
        guard let watch else { return }
        // It would be told again and again.
        loop.end(watch)
        self.watch = nil
        guard phase == .answering else { return isIdle && !isFirst ? close() : refuse() }
        exchange?.peerLeft()
        cancel?()
    }

    private func refuse() {
        server.logger.warning("A connection did not bring a FastCGI request")
        close()
    }

    private func close() {
        guard phase != .closed else { return }
        phase = .closed
        cancel?()
        cancel = nil
        if let watch { loop.end(watch) }
        watch = nil
        Glibc.close(descriptor)
        server.isClosed(self)
    }
}
