import Logging
import Synchronization

/// Makes the calls that wait in a ``ThresholdBook``, a few at a time and beside everything else.
///
/// What fails is tried again after pauses that grow from a second to an hour, for a day; what the receiver refuses is
/// dropped. How often a call failed is forgotten with the process.
final class ThresholdCalls: Sendable {
    /// How many are made at the same time.
    private static let most = 4
    /// For how long a call is tried.
    static let lifetime = Duration.seconds(86_400)

    private struct Attempt {
        var failures = 0
        var next = ContinuousClock.now
        var task: Task<Void, Never>?
        /// Whether the receiver did not answer at all.
        var wasUnreachable = false
    }

    private struct State {
        var attempts: [String: Attempt] = [:]
        var underWay = 0
        var isStopped = false

        func mayBegin(_ call: ThresholdCall, at now: ContinuousClock.Instant) -> Bool {
            guard !isStopped, underWay < ThresholdCalls.most else { return false }
            guard let attempt = attempts[call.id] else { return true }
            return attempt.task == nil && attempt.next <= now
        }
    }

    private let webhook: Webhook
    private let log: Logger
    private let executor: RequestExecutor
    private let state = Mutex(State())

    init(webhook: Webhook, executor: RequestExecutor, log: Logger) {
        self.webhook = webhook
        self.executor = executor
        self.log = log
    }

    /// The pause after so many failures.
    static func pause(after failures: Int, wanted: Duration? = nil) -> Duration {
        wanted ?? .seconds(min(3600, 1 << min(max(0, failures - 1), 12)))
    }

    /// Begins those that are due; returns at once.
    func begin(_ book: ThresholdBook, at time: Timestamp = .now) {
        let now = ContinuousClock.now
        for call in book.waiting {
            if time - call.at > Self.lifetime {
                guard state.withLock({ $0.attempts[call.id]?.task == nil }) else { continue }
                end(call, in: book)
                log.error("a call about a threshold was tried for a day and is dropped", metadata: ["id": "\(call.id)"])
                continue
            }
            state.withLock { state in
                guard state.mayBegin(call, at: now) else { return }
                state.underWay += 1
                let task = Task(executorPreference: executor) { [self] in await make(call, in: book) }
                state.attempts[call.id, default: Attempt()].task = task
            }
        }
    }

    /// Ends what is under way.
    func stop() {
        let tasks = state.withLock { state in
            state.isStopped = true
            return state.attempts.values.compactMap(\.task)
        }
        tasks.forEach { $0.cancel() }
    }

    private func make(_ call: ThresholdCall, in book: ThresholdBook) async {
        // One that came to its end since it was seen to wait is over.
        let outcome = book.isWaiting(call.id) ? await webhook.call(call.body.bytes) : .cancelled
        state.withLock { $0.underWay -= 1 }
        switch outcome {
        case .delivered:
            end(call, in: book)
            // It is there again: those that found nobody need not wait any longer.
            state.withLock { state in
                for (id, attempt) in state.attempts where attempt.wasUnreachable {
                    state.attempts[id]?.next = .now
                    state.attempts[id]?.wasUnreachable = false
                }
            }
        case .refused(let reason):
            end(call, in: book)
            log.error(
                "a call about a threshold was refused and is dropped",
                metadata: ["id": "\(call.id)", "reason": "\(reason)"])
        case .failed(let reason, let wanted):
            let failures = state.withLock { state in
                let failures = (state.attempts[call.id]?.failures ?? 0) + 1
                state.attempts[call.id] = Attempt(
                    failures: failures, next: .now + Self.pause(after: failures, wanted: wanted),
                    wasUnreachable: !reason.hasPrefix("status"))
                return failures
            }
            log.warning(
                "a call about a threshold failed and is tried again",
                metadata: ["id": "\(call.id)", "reason": "\(reason)", "failures": "\(failures)"])
        case .cancelled: state.withLock { $0.attempts[call.id] = nil }
        }
    }

    private func end(_ call: ThresholdCall, in book: ThresholdBook) {
        do throws(StoreError) { try book.end(call.id) } catch {
            log.error("the end of a call about a threshold could not be noted", metadata: ["error": "\(error)"])
        }
        state.withLock { $0.attempts[call.id] = nil }
    }
}
