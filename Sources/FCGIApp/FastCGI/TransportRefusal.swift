import Core
import HTTPTypes

/// What the transport answers by itself, because the request never reaches the gateway.
enum TransportRefusal: Equatable {
    case malformedRequest
    case bodyTooLarge(limit: Int)
    case invalidResponse

    var status: Response.Status {
        switch self {
        case .malformedRequest: .badRequest
        case .bodyTooLarge: .contentTooLarge
        case .invalidResponse: .internalServerError
        }
    }

    var code: String {
        switch self {
        case .malformedRequest: "malformed_request"
        case .bodyTooLarge: "body_too_large"
        case .invalidResponse: "internal_error"
        }
    }

    var message: String {
        switch self {
        case .malformedRequest: "The request is not well-formed."
        case .bodyTooLarge(let limit): "The body of the request is larger than \(limit) bytes."
        case .invalidResponse: "The request could not be answered because of an internal error."
        }
    }

    func response(requestID: String) -> Response {
        let body: JSON = [
            "status": "error", "code": JSON(code), "message": JSON(message), "request_id": JSON(requestID),
        ]
        var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
        if let name = HTTPField.Name("X-Request-Id") { headers[name] = requestID }
        return Response(status: status, headers: headers, body: .bytes(body.bytes))
    }
}
