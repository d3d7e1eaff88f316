import HTTPTypes

extension HTTPField.Name {
    package static let requestID = known("X-Request-Id")
    package static let link = known("Link")
    package static let accelRedirect = known("X-Accel-Redirect")
    package static let accelBuffering = known("X-Accel-Buffering")
    package static let idempotencyKey = known("Idempotency-Key")
    package static let idempotencyReplayed = known("Idempotency-Replayed")
    package static let shouldRetry = known("X-Should-Retry")
    /// The key as Anthropic's and Azure's clients send it.
    package static let apiKeys = [known("X-Api-Key"), known("Api-Key")]

    private static func known(_ name: String) -> HTTPField.Name {
        // The names above are valid tokens, so the other branch never counts.
        HTTPField.Name(name) ?? .contentType
    }
}

extension Response {
    package static func json(_ value: JSON, status: Status = .ok) -> Response {
        json(value.bytes, status: status)
    }

    /// - Parameter bytes: A JSON text.
    package static func json(_ bytes: [UInt8], status: Status = .ok) -> Response {
        Response(status: status, headers: typed("application/json"), body: .bytes(bytes))
    }

    package static func text(_ text: String, status: Status = .ok) -> Response {
        Response(status: status, headers: typed("text/plain; charset=utf-8"), body: .bytes(Array(text.utf8)))
    }

    package static func html(_ page: String, status: Status = .ok) -> Response {
        Response(status: status, headers: typed("text/html; charset=utf-8"), body: .bytes(Array(page.utf8)))
    }

    /// Leaves the answer to a static file that nginx serves.
    package static func page(_ internalPath: String) -> Response {
        Response(status: .ok, headers: [.accelRedirect: internalPath])
    }

    /// A failure in the shape that the caller expects.
    package static func failure(
        _ error: GatewayError, shape: Call.ErrorShape, requestID: String, pages: HTMLPage
    ) -> Response {
        var response: Response
        switch shape {
        case .json: response = .json(error.json(requestID: requestID), status: error.status)
        case .openAI: response = .json(error.openAI, status: error.openAIStatus)
        case .text: response = .text(error.message, status: error.status)
        case .page:
            response = .html(pages.message(error.message, title: error.status.reasonPhrase), status: error.status)
        }
        if let pause = error.retryAfter { response.headers[.retryAfter] = String(max(1, pause.wholeSeconds)) }
        if error.isFinal { response.headers[.shouldRetry] = "false" }
        if let limits = error.limits { response.headers.add(limits) }
        return response
    }

    /// A failure that the transport itself must answer, before the request is understood.
    package static func failure(_ error: GatewayError, to request: Request) -> Response {
        var response =
            request.isOpenAI
            ? Response.json(error.openAI, status: error.openAIStatus)
            : Response.json(error.json(requestID: request.id), status: error.status)
        if let pause = error.retryAfter { response.headers[.retryAfter] = String(max(1, pause.wholeSeconds)) }
        response.headers[.requestID] = request.id
        return response
    }

    /// Answers hold personal data and keys; nothing of them may be cached.
    private static func typed(_ contentType: String) -> HTTPFields {
        [.contentType: contentType, .cacheControl: "no-store"]
    }
}

extension GatewayError {
    func json(requestID: String) -> JSON {
        var object = JSONObject()
        object["status"] = "error"
        object["code"] = JSON(word)
        object["message"] = JSON(message)
        if let parameter {
            // The upstream speaks of the messages that were made of the prompt.
            let isMessages = fault != nil && parameter.hasPrefix("messages")
            object["parameter"] = JSON(isMessages ? "prompt" : parameter)
        }
        if code == .limitReached { object["limit"] = limits?.refused?.json }
        if let conversationID { object["conversation_id"] = JSON(conversationID) }
        // Old clients read this member after a failed add-user.
        if code == .userExists { object["api_key"] = .null }
        if code == .wrongEmailOrPassword { object["Error"] = "Wrong email or password provided" }
        object["request_id"] = JSON(requestID)
        return .object(object)
    }
}
