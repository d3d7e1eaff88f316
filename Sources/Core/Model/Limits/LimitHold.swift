import Synchronization

/// What came of asking for a claim.
package enum LimitReservation: Sendable {
    case granted(LimitHold)
    case refused(LimitReport)
}

/// What is reserved for a running call; whatever is not settled with the last use of it is given back.
///
/// Whoever gave it frees it when the process dies, too.
package final class LimitHold: Sendable {
    /// What became of a call.
    package enum End: Sendable, Equatable {
        /// It reached an upstream and used so much.
        case used(tokens: Int, nano: Int)
        /// It reached none: not even the request counts.
        case nothing
    }

    /// The most tokens that the answer may be.
    package let completion: Int
    package let report: LimitReport
    private let release: @Sendable (End) -> Void
    private let isOpen = Atomic(true)

    /// - Parameter release: Settles; called once, from any thread.
    init(completion: Int, report: LimitReport, _ release: @escaping @Sendable (End) -> Void) {
        self.completion = completion
        self.report = report
        self.release = release
    }

    deinit { settle(.nothing) }

    /// Counts what was used in place of what is reserved; only the first time counts.
    package func settle(_ end: End) {
        if isOpen.exchange(false, ordering: .acquiringAndReleasing) { release(end) }
    }
}

extension LimitHold.End {
    /// What the ledger holds of a call, so that limits and bills say the same; nothing where it has no row.
    init(of rows: [UsageRow]) {
        guard !rows.isEmpty else {
            self = .nothing
            return
        }
        self = .used(tokens: rows.reduce(0) { $0 + $1.tokens }, nano: rows.reduce(0) { $0 + ($1.cost?.nano ?? 0) })
    }
}
