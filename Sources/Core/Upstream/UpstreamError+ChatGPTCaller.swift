extension UpstreamError {
    /// What a caller is told of refusals that only the ChatGPT backend has; nil for all others.
    var chatGPTGatewayError: GatewayError? {
        switch upstreamCode {
        case ChatGPTCode.conversationGone:
            GatewayError(
                .upstreamConversationLost,
                "The upstream no longer knows this conversation. It is kept here; start a new one to go on.")
        case ChatGPTCode.tooLong:
            GatewayError(.bodyTooLarge, "The prompt is too long for the upstream. Shorten it.", parameter: "prompt")
        case ChatGPTCode.modelCap:
            GatewayError(
                .noAccountAvailable, "This model's cap is reached on the accounts that may use it. Try again later.",
                retryAfter: retryAfter ?? .seconds(3600))
        case ChatGPTCode.edge:
            GatewayError(
                .upstreamFailed,
                "The upstream refuses requests of this server as automated. Nothing here works around that.")
        default: nil
        }
    }

    /// What a caller is told of a failure on its own access token: that is the caller's to mend.
    var callerTokenError: GatewayError {
        switch failure {
        case .credential:
            GatewayError(
                .accessTokenRejected, "The upstream refused the access token: \(reason).", parameter: "access_token")
        case .rateLimited, .quota:
            GatewayError(
                .rateLimited, "The upstream limits the account of this access token. Try again later.",
                retryAfter: retryAfter ?? .seconds(60))
        case .modelUnavailable where retryAfter != nil:
            GatewayError(
                .rateLimited, "This model's cap is reached on the account of this access token.",
                retryAfter: retryAfter)
        default: gatewayError
        }
    }
}

extension SignInFailure {
    /// What a caller is told who wanted an access token.
    var gatewayError: GatewayError {
        switch self {
        case .wrongPassword: GatewayError(.wrongEmailOrPassword, "Wrong email or password provided.")
        case .wrongCode: GatewayError(.wrongMFACode, "The one-time code was refused.", parameter: "mfa_code")
        case .codeRequired:
            GatewayError(
                .mfaRequired, "This account wants a one-time code. Send it as mfa_code.", parameter: "mfa_code")
        case .captchaRequired:
            GatewayError(
                .captchaRequired, "The upstream wants a captcha for this sign-in. Sign in with a browser instead.")
        case .blocked: GatewayError(.accountBlocked, "The upstream has blocked this account for sign-ins.")
        case .deactivated: GatewayError(.accountDeactivated, "The upstream has deactivated this account.")
        case .countryRefused:
            GatewayError(.countryUnsupported, "The upstream does not serve the country of this server.")
        case .rateLimited:
            GatewayError(
                .loginRateLimited, "The upstream limits sign-ins for now. Try again later.", retryAfter: .seconds(60))
        case .edge:
            GatewayError(
                .loginBlockedByEdge,
                "The upstream refuses sign-ins from this server as automated. Nothing here works around that.")
        case .credentialEnded, .unexpected:
            GatewayError(.loginFailed, "The sign-in did not go as it is known to. Sign in with a browser instead.")
        case .unreachable(let error): UpstreamError(error).gatewayError
        }
    }
}
