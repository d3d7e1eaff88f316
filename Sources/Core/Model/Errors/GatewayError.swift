import HTTPTypes

/// A failure that the caller is told about; nothing else of accounts, files or upstreams reaches a caller.
package struct GatewayError: Error, Equatable {
    package enum Code: String, Sendable, CaseIterable {
        case malformedRequest = "malformed_request"
        case invalidJSON = "invalid_json"
        case conflictingKeys = "conflicting_keys"
        case conversationBusy = "conversation_busy"
        case invalidKey = "invalid_key"
        case keyExpired = "key_expired"
        case keyNotYetValid = "key_not_yet_valid"
        case notAllowed = "not_allowed"
        case plusNotAllowed = "plus_not_allowed"
        case userDisabled = "user_disabled"
        case clientDisabled = "client_disabled"
        case groupEnded = "group_ended"
        case foreignOrigin = "foreign_origin"
        case notFound = "not_found"
        case unknownURL = "unknown_url"
        case conversationNotFound = "conversation_not_found"
        case userNotFound = "user_not_found"
        case keyNotFound = "key_not_found"
        case groupNotFound = "group_not_found"
        case modelNotFound = "model_not_found"
        case methodNotAllowed = "method_not_allowed"
        case accountUnavailable = "account_unavailable"
        case accountResting = "account_resting"
        case bodyTooLarge = "body_too_large"
        case conversationTooLarge = "conversation_too_large"
        case headersTooLarge = "headers_too_large"
        case unsupportedMediaType = "unsupported_media_type"
        case invalidParameter = "invalid_parameter"
        case promptRequired = "prompt_required"
        case reasonRequired = "reason_required"
        case userExists = "user_exists"
        case keyExists = "key_exists"
        case tooManyKeys = "too_many_keys"
        case groupExists = "group_exists"
        case groupHasMembers = "group_has_members"
        case overtaken = "overtaken"
        case wrongEmailOrPassword = "wrong_email_or_password"
        case wrongMFACode = "wrong_mfa_code"
        case mfaRequired = "mfa_required"
        case captchaRequired = "captcha_required"
        case accountBlocked = "account_blocked"
        case accountDeactivated = "account_deactivated"
        case countryUnsupported = "country_unsupported"
        case loginRateLimited = "login_rate_limited"
        case loginBlockedByEdge = "login_blocked_by_edge"
        case loginFailed = "login_failed"
        case accessTokenRejected = "access_token_rejected"
        case conversationKindMismatch = "conversation_kind_mismatch"
        case upstreamConversationLost = "upstream_conversation_lost"
        case idempotencyKeyReused = "idempotency_key_reused"
        case rateLimited = "rate_limited"
        case limitReached = "limit_reached"
        case upstreamRejectedRequest = "upstream_rejected_request"
        case blockedByUpstream = "blocked_by_upstream"
        case upstreamFailed = "upstream_failed"
        case upstreamTimeout = "upstream_timeout"
        case noAccountAvailable = "no_account_available"
        case storageUnavailable = "storage_unavailable"
        case storageOutcomeUnknown = "storage_outcome_unknown"
        case clientClosedRequest = "client_closed_request"
        case internalError = "internal_error"
    }

    package var code: Code
    /// A full sentence for a person, without secrets.
    package var message: String
    /// The parameter at fault, where it is one.
    package var parameter: String?
    package var retryAfter: Duration?
    /// The conversation in which a part of the answer was stored, so that it can be recalled.
    package var conversationID: String?
    /// What exactly the upstream found wrong with the request; told in place of `upstream_rejected_request`.
    package var fault: CallerFault?
    /// The limits that the call met.
    package var limits: LimitReport?

    package init(
        _ code: Code, _ message: String, parameter: String? = nil, retryAfter: Duration? = nil,
        conversationID: String? = nil, fault: CallerFault? = nil
    ) {
        self.code = code
        self.message = message
        self.parameter = parameter
        self.retryAfter = retryAfter
        self.conversationID = conversationID
        self.fault = fault
    }

    /// The word that the caller reads.
    var word: String { fault?.rawValue ?? code.rawValue }

    /// The status that goes with the code; `/v1` differs from it in ``openAIStatus`` alone.
    package var status: HTTPResponse.Status {
        switch code {
        case .malformedRequest, .invalidJSON, .conflictingKeys, .conversationBusy, .upstreamRejectedRequest,
            .conversationKindMismatch:
            .badRequest
        case .invalidKey, .keyExpired, .keyNotYetValid, .wrongEmailOrPassword, .wrongMFACode: .unauthorized
        case .notAllowed, .plusNotAllowed, .userDisabled, .clientDisabled, .groupEnded, .foreignOrigin, .mfaRequired,
            .captchaRequired, .blockedByUpstream, .accountBlocked, .accountDeactivated, .countryUnsupported:
            .forbidden
        case .notFound, .unknownURL, .conversationNotFound, .userNotFound, .keyNotFound,
            .groupNotFound, .modelNotFound:
            .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .accountUnavailable, .upstreamConversationLost, .groupHasMembers, .overtaken: .conflict
        case .bodyTooLarge, .conversationTooLarge: .contentTooLarge
        case .headersTooLarge: .requestHeaderFieldsTooLarge
        case .unsupportedMediaType: .unsupportedMediaType
        case .invalidParameter, .promptRequired, .reasonRequired, .userExists, .keyExists, .tooManyKeys,
            .groupExists, .idempotencyKeyReused, .accessTokenRejected:
            .unprocessableContent
        case .rateLimited, .loginRateLimited, .limitReached: .tooManyRequests
        case .upstreamFailed, .loginBlockedByEdge, .loginFailed: .badGateway
        case .upstreamTimeout: .gatewayTimeout
        case .noAccountAvailable, .accountResting, .storageUnavailable, .storageOutcomeUnknown: .serviceUnavailable
        case .clientClosedRequest: .init(code: 499, reasonPhrase: "Client Closed Request")
        case .internalError: .internalServerError
        }
    }

    /// Whether the same request sent again can never help, which the OpenAI SDKs read from `x-should-retry`.
    package var isFinal: Bool {
        code == .accountUnavailable || code == .upstreamConversationLost || code == .storageOutcomeUnknown
            || code == .unknownURL || code == .blockedByUpstream || isQuota
    }
}

extension GatewayError {
    /// The one answer for a key that is missing, mistyped, unknown or revoked.
    package static let invalidKey = GatewayError(
        .invalidKey, "The key is missing or not known. Send it as \"Authorization: Bearer KEY\".")

    package static let conversationNotFound = GatewayError(
        .conversationNotFound, "There is no such conversation. Check the id or start a new conversation.")

    package static let groupEnded = GatewayError(
        .groupEnded, "All groups of this user have ended. Ask the administrator.")

    package static let overtaken = GatewayError(
        .overtaken, "Somebody else changed this at the same moment. Nothing was changed; look again.")

    package static let modelNotFound = GatewayError(
        .modelNotFound, "There is no such model for this key.", parameter: "model")

    package static let userNotFound = GatewayError(.userNotFound, "There is no such user.")

    package static func invalid(_ parameter: String, _ expected: String) -> GatewayError {
        GatewayError(.invalidParameter, "The parameter \(parameter) must be \(expected).", parameter: parameter)
    }

    package static func missing(_ parameter: String) -> GatewayError {
        GatewayError(.invalidParameter, "The parameter \(parameter) is required.", parameter: parameter)
    }
}
