import CFCGI
import Core
import Glibc
import Synchronization

/// Watches the connections of all running exchanges on one thread: for callers that leave, for room to write.
///
/// Each connection is known by a token that is never used again, so an event that comes late for a closed
/// descriptor cannot reach the next connection with the same number.
final class SocketEvents: Sendable {
    typealias Token = UInt64

    private struct Watched {
        var descriptor: Int32
        var hasLeft = false
        var onLeave: @Sendable () -> Void
        var writer: CheckedContinuation<Bool, Never>?
    }

    private struct State {
        var next: Token = 1
        var watched: [Token: Watched] = [:]
    }

    private let epoll = fcgi_epoll_create()
    private let state = Mutex(State())

    init() {
        startThread { [self] in run() }
    }

    /// Begins to watch `descriptor`; `onLeave` is called once if its peer goes away.
    func watch(_ descriptor: Int32, onLeave: @escaping @Sendable () -> Void) -> Token {
        state.withLock { state in
            let token = state.next
            state.next += 1
            state.watched[token] = Watched(descriptor: descriptor, onLeave: onLeave)
            _ = fcgi_epoll_arm(epoll, 1, descriptor, UInt32(FCGI_HUNG_UP), token)
            return token
        }
    }

    /// Ends the watch; to be called before the descriptor is closed.
    func unwatch(_ token: Token) {
        state.withLock { state in
            guard let watched = state.watched.removeValue(forKey: token) else { return }
            _ = fcgi_epoll_remove(epoll, watched.descriptor)
        }
    }

    /// Waits until the connection takes more bytes.
    ///
    /// - Returns: False if the peer has left.
    func waitUntilWritable(_ token: Token) async -> Bool {
        await withCheckedContinuation { continuation in
            let answer = state.withLock { state -> Bool? in
                guard let watched = state.watched[token], !watched.hasLeft else { return false }
                if Self.isWritable(watched.descriptor) { return true }
                state.watched[token]?.writer = continuation
                let events = UInt32(FCGI_WRITABLE) | UInt32(FCGI_HUNG_UP)
                _ = fcgi_epoll_arm(epoll, 0, watched.descriptor, events, token)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    private static func isWritable(_ descriptor: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&request, 1, 0) == 1
    }

    private func run() {
        var tokens = [UInt64](repeating: 0, count: 256)
        var events = [UInt32](repeating: 0, count: 256)
        while true {
            let count = fcgi_epoll_wait(epoll, &tokens, &events, 256)
            for index in 0..<max(0, Int(count)) { handle(tokens[index], events[index]) }
        }
    }

    private func handle(_ token: Token, _ events: UInt32) {
        let hasLeft = events & UInt32(FCGI_GONE) != 0
        let (writer, onLeave) = state.withLock { state -> (CheckedContinuation<Bool, Never>?, (@Sendable () -> Void)?) in
            guard let watched = state.watched[token] else { return (nil, nil) }
            state.watched[token]?.writer = nil
            state.watched[token]?.hasLeft = watched.hasLeft || hasLeft
            if !hasLeft { _ = fcgi_epoll_arm(epoll, 0, watched.descriptor, UInt32(FCGI_HUNG_UP), token) }
            return (watched.writer, hasLeft && !watched.hasLeft ? watched.onLeave : nil)
        }
        onLeave?()
        writer?.resume(returning: !hasLeft)
    }
}
