import CFCGI
import Glibc
import Synchronization

/// Watches one connection from its beginning to the end of its response.
///
/// Every order of events is fine: the peer may leave before the task exists that is to be cancelled, and the task
/// may be done before it is known here. All changes happen under one lock, in which epoll is told too, so that
/// a watch that has ended never arms a descriptor again that may belong to another connection by then.
final class ConnectionWatch: Sendable {
    private enum Phase { case open, hungUp, ended }
    private enum Interest { case nothing, input, room }

    private struct State {
        var phase = Phase.open
        var isHungUp = false
        var onHangUp: (@Sendable () -> Void)?
        var nextWait: UInt64 = 0
        var waits: [UInt64: CheckedContinuation<Void, Never>] = [:]
        /// Waits that were cancelled before they began.
        var cancelledWaits: Set<UInt64> = []

        mutating func takeWaits() -> [CheckedContinuation<Void, Never>] {
            defer { waits.removeAll() }
            return Array(waits.values)
        }
    }

    private let descriptor: Int32
    private let token: UInt64
    private let monitor: ConnectionMonitor
    private let state = Mutex(State())

    init(descriptor: Int32, token: UInt64, monitor: ConnectionMonitor) {
        self.descriptor = descriptor
        self.token = token
        self.monitor = monitor
    }

    /// Whether the peer closed its side during the watch.
    var isHungUp: Bool { state.withLock { $0.isHungUp } }

    func begin() { state.withLock { _ in arm(isNew: true, for: .nothing) } }

    /// Has the connection fail from now on, for whoever waits for it too.
    func abandon() {
        // The descriptor is this connection's until the watch has ended.
        state.withLock { if $0.phase == .open { shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }

    /// Returns when there may be something to read; holds no thread while it waits.
    ///
    /// - Throws: `ConnectionLost` when the peer is gone.
    func waitForInput() async throws(ConnectionLost) {
        guard state.withLock({ $0.phase == .open }) else { throw ConnectionLost() }
        await waitForEvent(.input)
        guard state.withLock({ $0.phase == .open }) else { throw ConnectionLost() }
    }

    /// Has `action` called once when the peer leaves; at once if it already has.
    func onHangUp(_ action: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            if state.phase == .open { state.onHangUp = action }
            return state.phase == .hungUp
        }
        if isLate { action() }
    }

    /// Returns when a piece can be written without blocking; holds no thread while it waits.
    ///
    /// - Throws: `ConnectionLost` when the peer is gone, `CancellationError` when the task is cancelled while
    ///   there is no room.
    func waitForRoom() async throws {
        while true {
            guard state.withLock({ $0.phase == .open }) else { throw ConnectionLost() }
            if try hasRoom() { return }
            try Task.checkCancellation()
            await waitForEvent(.room)
        }
    }

    /// Ends the watch; must come before the descriptor is closed.
    func end() {
        let waits = state.withLock { state in
            state.phase = .ended
            state.onHangUp = nil
            cfcgi_epoll_remove(monitor.epoll, descriptor)
            return state.takeWaits()
        }
        monitor.forget(token)
        for wait in waits { wait.resume() }
    }

    /// Takes an event, as a rule from the monitor's thread: the peer left or, if not, there is what was waited for.
    func handle(isHungUp: Bool) {
        let (action, waits) = state.withLock { state -> ((@Sendable () -> Void)?, [CheckedContinuation<Void, Never>]) in
            guard state.phase == .open else { return (nil, []) }
            guard isHungUp else {
                arm(isNew: false, for: .nothing)
                return (nil, state.takeWaits())
            }
            state.phase = .hungUp
            state.isHungUp = true
            defer { state.onHangUp = nil }
            return (state.onHangUp, state.takeWaits())
        }
        // Outside of the lock, because cancelling a task runs its cancellation handlers here.
        action?()
        for wait in waits { wait.resume() }
    }

    /// Whether at least a piece fits: a Unix socket is writable while a quarter of its buffer at most is in use.
    func hasRoom() throws(ConnectionLost) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&entry, 1, 0) > 0 else { return false }
        guard Int32(entry.revents) & (POLLERR | POLLHUP | POLLNVAL) == 0 else { throw ConnectionLost() }
        return true
    }

    private func waitForEvent(_ interest: Interest) async {
        let id = state.withLock { state in
            state.nextWait += 1
            return state.nextWait
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard state.phase == .open, state.cancelledWaits.remove(id) == nil else { return true }
                    state.waits[id] = continuation
                    arm(isNew: false, for: interest)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let wait = state.withLock { state in
                let wait = state.waits.removeValue(forKey: id)
                if wait == nil { state.cancelledWaits.insert(id) }
                return wait
            }
            wait?.resume()
        }
        state.withLock { _ = $0.cancelledWaits.remove(id) }
    }

    /// Asks for the next event.
    ///
    /// An event disarms. Call it with `state` locked.
    private func arm(isNew: Bool, for interest: Interest) {
        // Fails only for want of kernel memory; then a departure shows when the next piece is sent.
        _ = cfcgi_epoll_arm(
            monitor.epoll, isNew ? 1 : 0, descriptor, token, interest == .input ? 1 : 0, interest == .room ? 1 : 0)
    }
}
