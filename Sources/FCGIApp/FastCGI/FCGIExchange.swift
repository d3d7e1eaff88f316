import CFCGI
import Core
import Glibc
import Synchronization

/// Nothing more can be sent: the web server closed the connection, or the request is over.
struct ConnectionLost: Error {}

/// One request's side of its connection: sends the records of the answer, for one task.
///
/// What goes at once is sent at once, from whatever thread; for room the loop is asked only where there is none.
final class FCGIExchange: Sendable {
    /// The most bytes in a record: few records for large answers, and no more than half of a socket's buffer.
    static let pieceSize = 32 << 10

    private struct State {
        var isOpen = true
        var hasPeerLeft = false
        var isCancelled = false
        var waiter: CheckedContinuation<Void, Never>?
        /// A record of which only a part could be sent at once; the other goes before all else.
        var begun: (content: [UInt8], sent: Int)?
    }

    private let connection: FCGIConnection
    private let id: UInt16
    private let state = Mutex(State())
    /// How many bytes of the head have not gone out, and of the body have.
    private let head = Atomic(0)
    private let body = Atomic(0)

    init(_ connection: FCGIConnection, id: UInt16) {
        self.connection = connection
        self.id = id
    }

    var bodyBytesSent: Int { body.load(ordering: .relaxed) }
    var hasPeerLeft: Bool { state.withLock { $0.hasPeerLeft } }

    /// Says that the first bytes to be sent are the head's.
    func expectHead(_ size: Int) { head.store(size, ordering: .relaxed) }

    /// Sends `bytes` as fast as the reader takes them, and the end of the request after them if it `ends`.
    ///
    /// - Throws: `ConnectionLost`; `CancellationError` when the task is cancelled while there is no room.
    func send(_ bytes: ArraySlice<UInt8>, ends: Bool = false) async throws {
        var rest = bytes
        repeat {
            let piece = rest.prefix(Self.pieceSize)
            rest = rest.dropFirst(piece.count)
            try await sendRecord(piece, ends: ends && rest.isEmpty)
        } while !rest.isEmpty
    }

    /// Sends `bytes` as one record without waiting, all of it or nothing.
    ///
    /// To be called on the loop, and not while the task sends. Where only a part goes, the other follows as soon as there
    /// is room, before anything else.
    ///
    /// - Returns: False where there is no room, and where the connection is lost, of which the task is to learn.
    func sendAtOnce(_ bytes: [UInt8]) -> Bool {
        guard !bytes.isEmpty, bytes.count <= Self.pieceSize else { return false }
        let size = cfcgi_size(UInt16(bytes.count), 0)
        let sent = state.withLock { state in
            guard state.isOpen, !state.hasPeerLeft, state.begun == nil else { return 0 }
            let sent = push(bytes[...], false, after: 0)
            if sent > 0, sent < size { state.begun = (bytes, sent) }
            return sent
        }
        guard sent > 0 else { return false }
        if sent < size { connection.watchRoom() }
        body.add(bytes.count, ordering: .relaxed)
        return true
    }

    private func sendRecord(_ piece: ArraySlice<UInt8>, ends: Bool) async throws {
        let size = cfcgi_size(UInt16(piece.count), ends ? 1 : 0)
        var sent = 0
        while sent < size {
            let count = try send(piece, ends, after: sent)
            sent += count
            if count == 0 { try await waitForRoom() }
        }
        let ofHead = min(head.load(ordering: .relaxed), piece.count)
        head.subtract(ofHead, ordering: .relaxed)
        body.add(piece.count - ofHead, ordering: .relaxed)
    }

    /// Sends what there is room for; 0 where there is none.
    private func send(_ piece: ArraySlice<UInt8>, _ ends: Bool, after sent: Int) throws(ConnectionLost) -> Int {
        let count = state.withLock { state in
            guard state.isOpen, !state.hasPeerLeft else { return -1 }
            let begun = pushBegun(&state)
            return begun > 0 ? push(piece, ends, after: sent) : begun
        }
        guard count >= 0 else { throw ConnectionLost() }
        return count
    }

    /// Sends what there is room for of a record that was begun; 1 where nothing of it is left, 0 where there is no room,
    /// -1 on failure.
    private func pushBegun(_ state: inout State) -> Int {
        while let begun = state.begun {
            let count = push(begun.content[...], false, after: begun.sent)
            guard count > 0 else { return count }
            let sent = begun.sent + count
            state.begun = sent < cfcgi_size(UInt16(begun.content.count), 0) ? (begun.content, sent) : nil
        }
        return 1
    }

    /// As `cfcgi_send`, but 0 where there is no room.
    private func push(_ piece: ArraySlice<UInt8>, _ ends: Bool, after sent: Int) -> Int {
        while true {
            let count = piece.withUnsafeBytes {
                cfcgi_send(connection.descriptor, id, $0.baseAddress, UInt16($0.count), ends ? 1 : 0, sent)
            }
            if count < 0, errno == EINTR { continue }
            return count < 0 && errno == EAGAIN ? 0 : count
        }
    }

    /// Whether a piece fits: a Unix socket is writable while a quarter of its buffer at most is in use.
    func hasRoom() throws(ConnectionLost) -> Bool {
        var entry = pollfd(fd: connection.descriptor, events: Int16(POLLOUT), revents: 0)
        let isReady = state.withLock { $0.isOpen && !$0.hasPeerLeft ? poll(&entry, 1, 0) > 0 : nil }
        guard let isReady, Int32(entry.revents) & (POLLERR | POLLHUP | POLLNVAL) == 0 else { throw ConnectionLost() }
        return isReady
    }

    private func waitForRoom() async throws {
        try Task.checkCancellation()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = state.withLock { state in
                    guard state.isOpen, !state.hasPeerLeft, !state.isCancelled else { return false }
                    state.waiter = continuation
                    return true
                }
                guard waits else { return continuation.resume() }
                connection.loop.run { [connection] in connection.watchRoom() }
            }
        } onCancel: {
            resume { $0.isCancelled = true }
        }
        try Task.checkCancellation()
    }

    /// Ends the exchange for its task: nothing more is sent.
    func close() { resume { $0.isOpen = false } }

    /// Hands the connection back, whose task is over.
    ///
    /// - Parameter isWhole: Whether all of the answer went out.
    func handBack(isWhole: Bool) {
        connection.loop.run { [connection] in connection.answered(isWhole: isWhole) }
    }

    func roomCame() {
        // Whoever sends next learns that the connection is lost.
        resume { if pushBegun(&$0) < 0 { $0.begun = nil } }
        if state.withLock({ $0.begun != nil && $0.isOpen && !$0.hasPeerLeft }) { connection.watchRoom() }
    }

    func peerLeft() { resume { $0.hasPeerLeft = true } }

    private func resume(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state in
            change(&state)
            return state.waiter.take()
        }
        waiter?.resume()
    }
}
