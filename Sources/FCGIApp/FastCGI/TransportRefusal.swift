import Core

/// What the transport answers by itself, because the request never reaches the gateway.
enum TransportRefusal: Equatable {
    case malformedRequest
    case bodyTooLarge(limit: Int)
    case headersTooLarge
    case tooManyBodies
    case invalidResponse

    /// What the caller is told.
    var error: GatewayError {
        switch self {
        case .malformedRequest: GatewayError(.malformedRequest, "The request is not well-formed.")
        case .bodyTooLarge(let limit):
            GatewayError(.bodyTooLarge, "The body of the request is larger than \(limit) bytes.")
        case .headersTooLarge: GatewayError(.headersTooLarge, "The header fields of the request are too large.")
        case .tooManyBodies:
            GatewayError(
                .rateLimited, "Too many large requests are being worked on. Try again in a moment.",
                retryAfter: .seconds(5))
        case .invalidResponse:
            GatewayError(.internalError, "The request could not be answered because of an internal error.")
        }
    }
}
