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
    }

    /// A refusal of an OpenAI-compatible API, by its status and error object.
    ///
    /// - Parameter body: The answer's body; only its `error.code` and `error.type` are looked at.
    package static func openAI(status: Int, retryAfter: String?, body: [UInt8]) -> UpstreamError {
        let details = (try? JSONReader.read(body, limits: .trusted))?["error"]
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
        return UpstreamError(
            .refused, failure, "status \(status)" + (code.map { ", \($0)" } ?? ""), status: status,
            retryAfter: seconds(retryAfter), upstreamCode: code)
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
