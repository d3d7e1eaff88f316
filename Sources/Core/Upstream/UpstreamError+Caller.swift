extension UpstreamError {
    /// What the caller is told when no other account could help.
    package var gatewayError: GatewayError {
        if let refusal {
            let code =
                refusal.fault == .blockedByUpstream ? GatewayError.Code.blockedByUpstream : .upstreamRejectedRequest
            return GatewayError(
                code, refusal.message, parameter: refusal.parameter, fault: refusal.fault)
        }
        return chatGPTGatewayError ?? generalGatewayError
    }

    private var generalGatewayError: GatewayError {
        switch (kind, failure) {
        case (.timeout, _):
            GatewayError(.upstreamTimeout, "The upstream did not answer in time. Try again later.")
        case (.tooLong, _):
            GatewayError(
                .upstreamFailed, "The upstream's reply is longer than this server takes of one. Ask for a shorter one.")
        case (.cancelled, _):
            GatewayError(.clientClosedRequest, "The caller left before the answer was complete.")
        case (_, .callerFault):
            GatewayError(
                .upstreamRejectedRequest,
                "The upstream refused the request as invalid"
                    + (upstreamCode.map { " (\($0))" } ?? "") + ". Change it before you send it again.")
        case (_, .modelUnavailable):
            GatewayError(.modelNotFound, "The upstream does not have this model.", parameter: "model")
        case (_, .rateLimited), (_, .quota):
            GatewayError(
                .noAccountAvailable, "All accounts are busy or resting. Try again later.",
                retryAfter: retryAfter ?? .seconds(30))
        case (.truncated, _):
            GatewayError(.upstreamFailed, "The upstream broke off in the middle of its answer.")
        case (.badReply, _):
            GatewayError(.upstreamFailed, "The upstream's answer could not be understood.")
        case (.unreachable, _):
            GatewayError(.upstreamFailed, "The upstream could not be reached.")
        case (_, .credential):
            GatewayError(.upstreamFailed, "The upstream refused this server's account.")
        case (.refused, .transient):
            GatewayError(.upstreamFailed, "The upstream failed to answer. Try again later.")
        }
    }
}
