extension GatewayError {
    /// The error object of the OpenAI API, whose clients read `code` and `type`.
    var openAI: JSON {
        var error: JSON = [
            "message": JSON(message), "type": JSON(openAIType), "param": JSON(parameter),
            "code": JSON(openAICode),
        ]
        if var object = error.object {
            object["conversation_id"] = conversationID.map { JSON($0) }
            if code == .limitReached { object["limit"] = limits?.refused?.json }
            error = .object(object)
        }
        return ["error": error]
    }

    /// That API answers 400 where ours says 422, but for a key that was used with another body
    /// (draft-ietf-httpapi-idempotency-key-header, section 2.7).
    var openAIStatus: Response.Status {
        status == .unprocessableContent && code != .idempotencyKeyReused ? .badRequest : status
    }

    private var openAICode: String {
        switch code {
        case .invalidKey: "invalid_api_key"
        case .rateLimited: "rate_limit_exceeded"
        case .limitReached: isQuota ? "insufficient_quota" : "rate_limit_exceeded"
        default: word
        }
    }

    private var openAIType: String {
        if code == .limitReached, let refused = limits?.refused {
            return isQuota ? "insufficient_quota" : refused.kind.isRequests ? "requests" : "tokens"
        }
        return switch status.code {
        case 401: "authentication_error"
        case 403: "permission_error"
        case 404: "not_found_error"
        case 429: "rate_limit_error"
        case 400..<500: "invalid_request_error"
        default: "server_error"
        }
    }
}
