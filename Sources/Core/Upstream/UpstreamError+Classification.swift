/// What an exchange's failure, status and codes say about the account.
extension UpstreamError {
    /// A failed exchange, by what the HTTP client saw.
    package init(_ error: HTTPClientError) {
        switch error.kind {
        case .cancelled: self.init(.cancelled, .callerFault, "cancelled")
        case .timeoutConnect: self.init(.unreachable, .transient, "connect timed out")
        case .timeoutFirstByte: self.init(.timeout, .transient, "no answer in time")
        case .timeoutIdle, .timeoutTotal: self.init(.timeout, .transient, "stalled")
        case .resolve: self.init(.unreachable, .transient, "host name not resolved")
        case .connect: self.init(.unreachable, .transient, "connect failed")
        case .proxy: self.init(.unreachable, .transient, "proxy failed")
        case .tls: self.init(.unreachable, .transient, "TLS failed")
        case .reset: self.init(.unreachable, .transient, "connection lost")
        case .truncated: self.init(.truncated, .transient, "answer cut off")
        case .tooLarge: self.init(.badReply, .transient, "answer too large")
        case .invalidURL, .protocolError: self.init(.badReply, .transient, "not HTTP as expected")
        }
        wasSent = error.wasSent
    }

    /// A refusal of an OpenAI-compatible API, by its status and error object.
    ///
    /// - Parameter body: The answer's body, of which only known words and sentences are looked for.
    package static func openAI(status: Int, retryAfter: String?, body: [UInt8]) -> UpstreamError {
        openAI(status: status, retryAfter: retryAfter, answer: try? JSONReader.read(body, limits: .trusted))
    }

    /// The same for an answer that was read already, perhaps one whose status was good.
    static func openAI(status: Int, retryAfter: String?, answer: JSON?) -> UpstreamError {
        // vLLM's older versions have no object around it.
        let details = answer?["error"] ?? answer
        let code = [details?["code"], details?["type"]].compactMap { $0?.string }.first(where: isWord)
        let failure: FailureClass
        switch status {
        case 401: failure = .credential
        case 403: failure = .credential
        case 402: failure = .quota
        case 429: failure = code == "insufficient_quota" ? .quota : .rateLimited
        case 404: failure = .modelUnavailable
        case 408, 409: failure = .transient
        case 400..<500: failure = code == "model_not_found" ? .modelUnavailable : .callerFault
        default: failure = .transient
        }
        var error = UpstreamError(
            .refused, failure, "status \(status)" + (code.map { ", \($0)" } ?? ""), status: status,
            retryAfter: seconds(retryAfter), upstreamCode: code)
        // Servers say 500 to what only the caller can mend: a picture for a model that sees none.
        if failure == .callerFault || failure == .transient, ![408, 409].contains(status) {
            error.refusal = UpstreamRefusal(details)
        } else if (400..<500).contains(status),
            UpstreamRefusal.isBlock(details, bySentence: [401, 403].contains(status))
        {
            // It is the person who is out, not the account.
            error.refusal = .block
        }
        if let refusal = error.refusal {
            error.failure = .callerFault
            error.reason = "status \(status), \(refusal.fault.rawValue)"
        }
        return error
    }

    /// An error object in a stream whose head was good.
    static func openAIStream(_ chunk: JSON, hasBegun: Bool) -> UpstreamError {
        let details = chunk["error"]
        let status = details?["code"]?.int ?? details?["status"]?.int
        if let refusal = UpstreamRefusal(details) {
            var error = UpstreamError(
                hasBegun ? .truncated : .refused, .callerFault, "error in the stream, \(refusal.fault.rawValue)")
            error.refusal = refusal
            return error
        }
        // A rate limit or a missing model is told so; all else only says that there is no answer.
        if !hasBegun, let status, (401...599).contains(status) {
            return openAI(status: status, retryAfter: nil, answer: chunk)
        }
        return UpstreamError(.truncated, .transient, "error in the stream")
    }

    /// A whole number of seconds, the only form of `Retry-After` that APIs use.
    private static func seconds(_ text: String?) -> Duration? {
        guard let value = text.flatMap({ Double($0) }), value.isFinite, (0...86_400).contains(value) else { return nil }
        return Int(exactly: value.rounded(.up)).map { .seconds($0) }
    }

    private static func isWord(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
