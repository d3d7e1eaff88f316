import Synchronization

/// `/healthz`: whether this worker can do its work.
package struct HealthHandler: Sendable {
    private let probe: HealthProbe

    init(store: any Store) { probe = HealthProbe { await store.isHealthy() } }

    package func respond(to call: Call) async throws -> Response {
        guard await probe.isHealthy() else {
            throw GatewayError(.storageUnavailable, "The state directory cannot be read.", retryAfter: .seconds(5))
        }
        return .json(["status": "ok"])
    }
}

/// Looks at the state directory without ever holding up who asks.
///
/// The look itself may hang with the disk, so it runs on a thread of its own, one at a time.
final class HealthProbe: Sendable {
    private struct State {
        /// Since when a look has been on its way; nil if none is.
        var since: ContinuousClock.Instant?
        var outcome = true
        var nextID = 0
        var waiting: [Int: CheckedContinuation<Bool, Never>] = [:]
    }

    /// How long an answer waits for a look; after that the one before counts.
    static let timeout = Duration.milliseconds(100)
    /// How long a look may take until the state counts as unreadable.
    static let limit = Duration.seconds(30)

    private static let executor = RequestExecutor(threads: 1)

    private let look: @Sendable () async -> Bool
    private let state = Mutex(State())

    init(_ look: @escaping @Sendable () async -> Bool) { self.look = look }

    func isHealthy() async -> Bool {
        await withCheckedContinuation { continuation in
            let (id, isFirst) = state.withLock { state in
                state.nextID += 1
                state.waiting[state.nextID] = continuation
                defer { state.since = state.since ?? .now }
                return (state.nextID, state.since == nil)
            }
            if isFirst {
                Task.detached(executorPreference: Self.executor) { [self] in
                    let outcome = await look()
                    let waiting = state.withLock { state in
                        state.since = nil
                        state.outcome = outcome
                        defer { state.waiting = [:] }
                        return state.waiting.values
                    }
                    for one in waiting { one.resume(returning: outcome) }
                }
            }
            Task.detached { [self] in
                try? await Task.sleep(for: Self.timeout)
                let (late, outcome) = state.withLock { state in
                    let isOverdue = state.since.map { $0 + Self.limit < .now } ?? false
                    return (state.waiting.removeValue(forKey: id), state.outcome && !isOverdue)
                }
                late?.resume(returning: outcome)
            }
        }
    }
}
