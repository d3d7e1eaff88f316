import Synchronization

/// What the header fields of an answer say of limits; known once the turn was let through, before its first byte.
package final class TurnNotices: Sendable {
    package struct Notice: Sendable {
        package var report: LimitReport
        /// Those of which more than the soft part is used.
        package var warnings: [LimitStanding] = []
        /// The model that answers in place of the one that was asked for.
        package var model: String?
    }

    private let state = Mutex<Notice?>(nil)

    package init() {}

    package var notice: Notice? { state.withLock { $0 } }

    func set(_ notice: Notice) { state.withLock { $0 = notice } }
}
