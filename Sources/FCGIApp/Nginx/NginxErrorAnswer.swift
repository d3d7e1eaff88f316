/// What nginx says when it answers by itself, because a request never reached the responder or its answer never came.
struct NginxErrorAnswer: Sendable {
    /// nginx's own number: 494 and 497 are inventions of nginx and leave as another.
    var status: Int
    /// The status on the wire.
    var answer: Int
    var code: StaticString
    var title: StaticString
    var message: StaticString
    /// The `type` of the error object that OpenAI's clients know.
    var openAIType: StaticString
    /// Seconds after which a repeat may help.
    var retryAfterSeconds: Int?

    /// All answers; 408 and 444 have none, the connection is just closed.
    static let all: [Self] = [
        Self(400, "bad_request", "Bad request", "The request is malformed."),
        Self(403, "forbidden", "Not allowed", "This address may not use the server."),
        Self(404, "not_found", "Not found", "There is nothing at this address."),
        Self(405, "method_not_allowed", "Method not allowed", "This address does not know the method."),
        Self(413, "body_too_large", "Too large", "The body of the request is larger than this server takes."),
        Self(414, "uri_too_long", "Address too long", "The address is too long. Send the parameters in a POST."),
        Self(494, as: 431, "headers_too_large", "Headers too large", "The header fields are too large."),
        Self(497, as: 400, "https_required", "HTTPS required", "This port speaks HTTPS only."),
        Self(
            429, "rate_limited", "Too many requests", "Too many requests from this address.",
            "rate_limit_error", retryAfter: 1),
        Self(500, "internal_error", "Internal error", "The web server failed.", "server_error"),
        Self(501, "not_implemented", "Not supported", "The request uses a transfer encoding that is not supported."),
        Self(
            502, "gateway_unavailable", "Not available", "The gateway does not answer. Please try again soon.",
            "server_error", retryAfter: 2),
        Self(
            503, "gateway_unavailable", "Not available", "The gateway is not available. Please try again soon.",
            "server_error", retryAfter: 2),
        Self(505, "http_version_not_supported", "Not supported", "This version of HTTP is not supported."),
        Self(504, "gateway_timeout", "No answer in time", "The gateway took too long to answer.", "server_error"),
    ]

    private init(
        _ status: Int, as answer: Int? = nil, _ code: StaticString, _ title: StaticString, _ message: StaticString,
        _ openAIType: StaticString = "invalid_request_error", retryAfter: Int? = nil
    ) {
        self.status = status
        self.answer = answer ?? status
        self.code = code
        self.title = title
        self.message = message
        self.openAIType = openAIType
        retryAfterSeconds = retryAfter
    }
}
