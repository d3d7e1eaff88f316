/// The failure classes of the ChatGPT web backend, by its statuses and words of 2022 to 2024.
extension UpstreamError {
    /// Short words of our own for refusals that are told apart later.
    enum ChatGPTCode {
        static let tokenExpired = "token_expired"
        static let busy = "one_message_at_a_time"
        static let reload = "reload_conversation"
        static let conversationGone = "conversation_not_found"
        static let tooLong = "message_length_exceeds_limit"
        static let modelCap = "model_cap_exceeded"
        static let edge = "blocked_by_edge"
    }

    /// A refusal by status and body; of the body only known words are looked at.
    static func chatGPT(status: Int, retryAfter: String? = nil, body: [UInt8]) -> UpstreamError {
        let json = try? JSONReader.read(body, limits: .trusted)
        let details = json?["detail"] ?? json?["error"]
        let text = details?.string ?? details?["message"]?.string ?? ""
        let code = details?["code"]?.string ?? ""
        let isJSON = json?.object != nil
        switch status {
        case 300..<400:
            return refused(.transient, "redirect instead of an answer; the base URL or the session is wrong", status)
        case 401: return unauthorized(code: code, text: text)
        case 403: return forbidden(code: code, text: text, isJSON: isJSON)
        case 404:
            guard isJSON else { return refused(.transient, "no such endpoint; check openai.base_url", status) }
            return refused(.callerFault, "conversation not found upstream", status, ChatGPTCode.conversationGone)
        case 413: return refused(.callerFault, "prompt too long", status, ChatGPTCode.tooLong)
        case 422: return refused(.callerFault, "request shape refused\(place(of: details))", status)
        case 429: return tooMany(code: code, text: text, details: details, retryAfter: retryAfter)
        case 400..<500: return refused(.callerFault, "status \(status)", status)
        case 524:
            var error = UpstreamError(.timeout, .transient, "status 524, the origin was too slow", status: status)
            error.mayBeAccepted = true
            return error
        default: return refused(.transient, "status \(status)", status)
        }
    }

    /// A good status with something else than an answer.
    static func chatGPTOddAnswer(_ body: [UInt8]) -> UpstreamError {
        let json = try? JSONReader.read(body, limits: .trusted)
        if json?["wss_url"] != nil {
            var error = UpstreamError(.badReply, .transient, "answers over a websocket, which is not supported")
            error.mayBeAccepted = true
            return error
        }
        if body.starts(with: "Internal Server Error".utf8) {
            return refused(.transient, "status 200 with \"Internal Server Error\"", 500)
        }
        var error = UpstreamError(.badReply, .transient, "an answer that is no event stream")
        error.mayBeAccepted = true
        return error
    }

    /// A stream that ended without a usable answer.
    static func chatGPTStream(_ reader: ChatGPTStreamReader) -> UpstreamError {
        var error: UpstreamError
        switch reader.stage {
        case .failed where reader.answer == nil: error = UpstreamError(.refused, .transient, "error in the stream")
        case .failed: error = UpstreamError(.truncated, .transient, "error in the stream")
        case .otherProtocol: error = UpstreamError(.badReply, .transient, "delta encoding, which is not supported")
        case .done: error = UpstreamError(.badReply, .transient, "empty reply")
        default: error = UpstreamError(.truncated, .transient, "stream broke off")
        }
        error.mayBeAccepted = true
        return error
    }

    /// A conversation whose thread upstream was never learned, because its first answer broke off too early.
    static let chatGPTConversationUnknown = refused(
        .callerFault, "the conversation is not known upstream", 404, ChatGPTCode.conversationGone)

    static let chatGPTTokenEnded = refused(
        .credential, "the access token is expired or revoked", 401, ChatGPTCode.tokenExpired)

    /// The only shape in which a per-model cap is known: the account itself keeps working.
    static func chatGPTModelCap(clearsIn pause: Duration) -> UpstreamError {
        UpstreamError(
            .refused, .modelUnavailable, "the cap of this model is reached", status: 429, retryAfter: pause,
            upstreamCode: ChatGPTCode.modelCap)
    }

    /// What a failed sign-in says about its account.
    init(_ failure: SignInFailure) {
        switch failure {
        case .wrongPassword, .wrongCode, .codeRequired, .captchaRequired, .blocked, .deactivated, .countryRefused,
            .credentialEnded:
            self.init(.refused, .credential, failure.reason)
        case .rateLimited: self.init(.refused, .rateLimited, failure.reason, retryAfter: .seconds(60))
        case .edge:
            self.init(
                .refused, .transient, failure.reason, retryAfter: .seconds(600), upstreamCode: ChatGPTCode.edge)
        case .unreachable(let error): self.init(error)
        case .unexpected: self.init(.badReply, .transient, failure.reason, retryAfter: .seconds(60))
        }
    }

    private static func unauthorized(code: String, text: String) -> UpstreamError {
        if code == "account_deactivated" || text.contains("deactivated") {
            return refused(.credential, "the account is deactivated", 401)
        }
        if code == "token_expired" || code == "expired_session_key" {
            return refused(.credential, "the access token is expired or revoked", 401, ChatGPTCode.tokenExpired)
        }
        return refused(.credential, "the access token is not accepted", 401)
    }

    private static func forbidden(code: String, text: String, isJSON: Bool) -> UpstreamError {
        if code.hasPrefix("unsupported_country") { return refused(.credential, "the country is not served", 403) }
        // The refusal is of this server's address or kind of client, so the account is not disabled for good.
        let reason =
            text.contains("unusual activity")
            ? "wants a verification that is not performed here"
            : isJSON ? "access is forbidden" : "blocked by edge protection"
        return UpstreamError(
            .refused, .transient, reason, status: 403, retryAfter: .seconds(600), upstreamCode: ChatGPTCode.edge)
    }

    private static func tooMany(
        code: String, text: String, details: JSON?, retryAfter: String?
    ) -> UpstreamError {
        if code == ChatGPTCode.modelCap {
            let seconds = details?["clears_in"]?.double ?? 3600
            return chatGPTModelCap(clearsIn: .seconds(min(max(seconds.isFinite ? seconds : 3600, 1), 86_400)))
        }
        if text.hasPrefix("Only one message at a time") {
            return refused(
                .rateLimited, "another message is being answered", 429, ChatGPTCode.busy, pause: .seconds(20))
        }
        if text.contains("reloading the conversation") {
            return refused(.transient, "asks to reload the conversation", 429, ChatGPTCode.reload)
        }
        if text.contains("in 1 hour") {
            return refused(.rateLimited, "the hourly cap is reached", 429, pause: .seconds(600))
        }
        let seconds = retryAfter.flatMap { Int($0) }.flatMap { (0...86_400).contains($0) ? $0 : nil }
        if text.contains("currently processing too many") { return refused(.transient, "overloaded", 429) }
        return refused(.rateLimited, "too many requests", 429, pause: seconds.map { .seconds($0) })
    }

    private static func refused(
        _ failure: FailureClass, _ reason: String, _ status: Int, _ code: String? = nil, pause: Duration? = nil
    ) -> UpstreamError {
        UpstreamError(.refused, failure, reason, status: status, retryAfter: pause, upstreamCode: code)
    }

    /// Where the first mistake of a refused shape is: member names and numbers only.
    private static func place(of details: JSON?) -> String {
        let steps = details?[0]?["loc"]?.array ?? []
        let words = steps.prefix(8).compactMap { $0.int.map(String.init) ?? $0.string }.filter(Identifier.isValid)
        return words.isEmpty ? "" : " at " + words.joined(separator: ".")
    }
}
