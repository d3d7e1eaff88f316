import Synchronization

/// Tasks that wait for the same thing in one process: first come, first served, and only the first of a line asks for it.
///
/// It asks again and again, because another process may have it, and at once when this one gave it back.
final class WaitingLines<Key: Hashable & Sendable>: Sendable {
    private struct Line {
        var places: [Place]
        var wakes = 0
    }

    private let lines = Mutex<[Key: Line]>([:])

    /// How long the first of a line waits before it asks again.
    private static var pauses: (first: Duration, longest: Duration) { (.milliseconds(4), .milliseconds(20)) }

    /// Asks `attempt` until it gives something.
    ///
    /// - Returns: Nil when nothing came of it within `timeout`; it was asked once even if that is zero, unless others
    ///   wait.
    /// - Throws: What `attempt` throws, and `CancellationError`.
    func wait<Value: Sendable>(
        in key: Key, for timeout: Duration, _ attempt: () async throws -> Value?
    ) async throws -> Value? {
        if !lines.withLock({ $0[key] != nil }), let value = try await attempt() { return value }
        guard timeout > .zero else { return nil }
        let end = ContinuousClock.now + timeout
        let place = Place()
        var isFirst = lines.withLock { lines in
            lines[key, default: Line(places: [])].places.append(place)
            return lines[key]?.places.count == 1
        }
        defer { leave(place, key) }
        var pause = Self.pauses.first
        while true {
            if isFirst, let value = try await attempt() { return value }
            let left = end - ContinuousClock.now
            guard left > .zero else { return nil }
            try await place.sleep(for: isFirst ? min(left, pause * Double.random(in: 0.5...1)) : left)
            if isFirst { pause = min(pause * 2, Self.pauses.longest) }
            isFirst = lines.withLock { $0[key]?.places.first === place }
        }
    }

    /// Whether anybody waits for it in this process.
    func isWaited(_ key: Key) -> Bool { lines.withLock { $0[key] != nil } }

    /// Lets the first of a line ask at once.
    ///
    /// Every fourth time nobody is woken: else those who wait in another process would come off worst.
    func wake(_ key: Key) {
        let woken = lines.withLock { lines -> Place? in
            lines[key]?.wakes += 1
            guard let line = lines[key], line.wakes % 4 != 0 else { return nil }
            return line.places.first
        }
        woken?.wake()
    }

    /// The same for each line that is meant.
    func wake(where isMeant: (Key) -> Bool) {
        for key in lines.withLock({ $0.keys.filter(isMeant) }) { wake(key) }
    }

    private func leave(_ place: Place, _ key: Key) {
        let next = lines.withLock { lines -> Place? in
            guard let index = lines[key]?.places.firstIndex(where: { $0 === place }) else { return nil }
            lines[key]?.places.remove(at: index)
            guard let next = lines[key]?.places.first else {
                lines[key] = nil
                return nil
            }
            return index == 0 ? next : nil
        }
        next?.wake()
    }

    /// One who waits.
    private final class Place: Sendable {
        private let state = Mutex<(isWoken: Bool, continuation: CheckedContinuation<Void, Never>?)>((false, nil))

        func wake() {
            let continuation = state.withLock { state in
                state.isWoken = true
                defer { state.continuation = nil }
                return state.continuation
            }
            continuation?.resume()
        }

        /// Returns when it was woken, since it last returned, or `duration` is over.
        func sleep(for duration: Duration) async throws {
            let timer = Task { [self] in
                if (try? await Task.sleep(for: duration)) != nil { wake() }
            }
            defer { timer.cancel() }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isWoken = state.withLock { state in
                        if !state.isWoken { state.continuation = continuation }
                        return state.isWoken
                    }
                    if isWoken { continuation.resume() }
                }
            } onCancel: {
                wake()
            }
            state.withLock { $0.isWoken = false }
            try Task.checkCancellation()
        }
    }
}
