import HTTPTypes
import Synchronization

/// Writes server-sent events to a caller, with a comment in long silences so that nobody on the way hangs up.
package final class EventStream: Sendable {
    private struct State {
        /// Events that wait for the next write.
        var pending: [UInt8] = []
        var isWriting = false
        var hasBegun = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var lastWrite = ContinuousClock.now
    }

    private let writer: any BodyWriter
    private let state = Mutex(State())

    init(_ writer: any BodyWriter) { self.writer = writer }

    /// A response whose body is what `body` sends; a comment is sent after each `silence` without anything else.
    package static func response(
        silence: Duration = .seconds(15), _ body: @escaping @Sendable (EventStream) async throws -> Void
    ) -> Response {
        var response = Response(status: .ok)
        response.headers[.contentType] = "text/event-stream; charset=utf-8"
        response.headers[.cacheControl] = "no-store"
        // Without it nginx collects pieces before it sends them on.
        response.headers[.accelBuffering] = "no"
        response.body = .stream { writer in
            let stream = EventStream(writer)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await stream.breakSilences(of: silence) }
                try await body(stream)
                group.cancelAll()
                while true {
                    do { guard try await group.next() != nil else { return } } catch {
                        // Only the silence breaker, which was told to stop.
                    }
                }
            }
        }
        return response
    }

    /// Does what must succeed before the first event.
    ///
    /// Its failure is thrown and becomes a response with a status, unless it took so long that a comment went out:
    /// then `tell` sends it as an event.
    ///
    /// - Returns: Nil after a failure that was told.
    func begin<Begun>(
        _ work: () async throws -> Begun, orTell tell: (any Error) async throws -> Void
    ) async throws -> Begun? {
        do { return try await work() } catch {
            guard state.withLock({ $0.hasBegun }) else { throw error }
            try await tell(error)
            return nil
        }
    }

    /// Sends a named event.
    package func send(_ name: String, _ data: JSON) async throws {
        try await hold(name, data)
        try await flush()
    }

    /// Sends an event without a name, as the OpenAI API does.
    package func send(data: [UInt8]) async throws {
        try await hold(data: data)
        try await flush()
    }

    /// Keeps a named event until the next flush, for another that is here already.
    func hold(_ name: String, _ data: JSON) async throws {
        try await hold("event: \(name)\ndata: ", data.bytes)
    }

    /// Keeps an event without a name until the next flush.
    func hold(data: [UInt8]) async throws { try await hold("data: ", data) }

    /// Sends what was kept, with one write.
    ///
    /// Not inlined, so that the thousands of tasks that send hold it once each.
    @inline(never)
    func flush() async throws {
        await takeTurn()
        defer { passTurn() }
        let bytes = state.withLock { state in
            defer { state.pending = [] }
            state.hasBegun = state.hasBegun || !state.pending.isEmpty
            return state.pending
        }
        if !bytes.isEmpty { try await writer.write(bytes) }
    }

    private func hold(_ field: String, _ data: [UInt8]) async throws {
        let isMuch = state.withLock { state in
            state.pending += field.utf8
            state.pending += data
            state.pending += [0x0A, 0x0A]
            return state.pending.count >= 8000
        }
        if isMuch { try await flush() }
    }

    private func breakSilences(of silence: Duration) async throws {
        while true {
            let due = state.withLock { $0.lastWrite } + silence
            if ContinuousClock.now < due {
                try await Task.sleep(until: due, tolerance: .seconds(1))
            } else {
                state.withLock { $0.pending += Array(": keep-alive\n\n".utf8) }
                try await flush()
            }
        }
    }

    /// Waits until nobody else writes: the writer takes no two pieces at once.
    private func takeTurn() async {
        let isFree = state.withLock { state in
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if !isFree { await waitForTurn() }
    }

    @inline(never)
    private func waitForTurn() async {
        await withCheckedContinuation { (turn: CheckedContinuation<Void, Never>) in
            let isFree = state.withLock { state -> Bool in
                if state.isWriting {
                    state.waiting.append(turn)
                    return false
                }
                state.isWriting = true
                return true
            }
            if isFree { turn.resume() }
        }
    }

    private func passTurn() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.lastWrite = .now
            if state.waiting.isEmpty {
                state.isWriting = false
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
