import Logging

/// Maps every error to what the caller is told, and logs those that are the operator's.
package struct ErrorMapper: Sendable {
    private let log: Logger
    private let onStorageFault: @Sendable () -> Void

    /// - Parameter onStorageFault: Called when a sync failed: nobody knows what the disk holds, and this worker must not
    ///   go on.
    package init(log: Logger, onStorageFault: @escaping @Sendable () -> Void) {
        self.log = log
        self.onStorageFault = onStorageFault
    }

    func callerError(for error: any Error, requestID: String) -> GatewayError {
        switch error {
        case let error as GatewayError: return error
        case is WorkLane.TooMany:
            return GatewayError(
                .rateLimited, "Too many requests that take long to work on are waiting. Try again in a moment.",
                retryAfter: .seconds(1))
        case is CancellationError: return UpstreamError(.cancelled, .callerFault, "left").gatewayError
        case let error as StoreError:
            log.error("storage failed", metadata: ["request_id": "\(requestID)", "error": "\(error)"])
            if error.endsProcess { onStorageFault() }
            switch error.kind {
            case .outcomeUnknown:
                return GatewayError(
                    .storageOutcomeUnknown,
                    "The disk failed. Whether this was stored is not known; check before you repeat it.")
            case .unavailable, .busy:
                return GatewayError(
                    .storageUnavailable, "Nothing could be stored. Try again in a moment.", retryAfter: .seconds(1))
            case .corrupt: return GatewayError(.internalError, "A stored record cannot be read. The operator is told.")
            }
        default:
            log.error("unforeseen failure", metadata: ["request_id": "\(requestID)", "error": "\(error)"])
            return GatewayError(
                .internalError, "Something went wrong here. The operator can find it by the request id.")
        }
    }
}
