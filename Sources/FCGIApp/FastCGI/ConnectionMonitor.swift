import CFCGI
import Glibc
import Synchronization

/// The one epoll thread of a server: sees connections hang up and get room to write.
///
/// Watches are found by a token that is never used twice, so a late event of a closed connection cannot reach
/// the next one that got the same descriptor.
final class ConnectionMonitor: Sendable {
    private struct Watches {
        var nextToken: UInt64 = 1
        var byToken: [UInt64: ConnectionWatch] = [:]
    }

    private static let stopToken: UInt64 = 0
    let epoll: Int32
    private let stopping: EventFlag
    private let watches = Mutex(Watches())

    init() throws {
        stopping = try EventFlag()
        epoll = cfcgi_epoll_create()
        guard epoll >= 0 else { throw SystemCallError("epoll_create") }
        guard cfcgi_epoll_add_eventfd(epoll, stopping.descriptor, Self.stopToken) == 0 else {
            let error = SystemCallError("epoll_ctl")
            close(epoll)
            throw error
        }
    }

    deinit { close(epoll) }

    /// Begins to watch `descriptor`, which must stay open until the watch has ended.
    func watch(_ descriptor: Int32) -> ConnectionWatch {
        let watch = watches.withLock { watches in
            let watch = ConnectionWatch(descriptor: descriptor, token: watches.nextToken, monitor: self)
            watches.byToken[watches.nextToken] = watch
            watches.nextToken += 1
            return watch
        }
        watch.begin()
        return watch
    }

    func forget(_ token: UInt64) {
        watches.withLock { _ = $0.byToken.removeValue(forKey: token) }
    }

    /// Ends ``run()``; what is still watched is not told.
    func stop() { stopping.raise() }

    /// Waits for events until ``stop()``; for a thread of its own.
    func run() {
        var events = [cfcgi_event](repeating: cfcgi_event(), count: 128)
        while true {
            let count = Int(cfcgi_epoll_wait(epoll, &events, Int32(events.count)))
            // Only EINTR is possible here; the thread blocks signals, a debugger may still interrupt.
            guard count > 0 else { continue }
            for event in events.prefix(count) {
                guard event.token != Self.stopToken else { return }
                let watch = watches.withLock { $0.byToken[event.token] }
                watch?.handle(isHungUp: event.hung_up != 0)
            }
        }
    }
}
