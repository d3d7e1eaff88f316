/// Sends requests to the backend of the ChatGPT web application and tells refusals from answers.
struct ChatGPTEndpoint: Sendable {
    let client: HTTPClient
    let baseURL: String
    let paths: Settings.OpenAI.Endpoints

    /// Sends a prompt or a continuation and returns once the head of an event stream is here.
    func converse(
        _ body: JSON, as token: AccessToken, through proxy: Proxy?, totalTimeout: Duration, idleTimeout: Duration
    ) async throws(UpstreamError) -> HTTPClientResponse {
        let response = try await send(
            "POST", paths.conversation, body, accept: "text/event-stream", as: token, through: proxy,
            totalTimeout: totalTimeout, idleTimeout: idleTimeout)
        let type = response.header("Content-Type")?.lowercased() ?? ""
        if type.hasPrefix("text/event-stream") { return response }
        throw .chatGPTOddAnswer((try? await response.collect(upTo: 64 << 10)) ?? [])
    }

    /// The stored conversation with all its messages.
    func conversation(
        _ id: String, as token: AccessToken, through proxy: Proxy?
    ) async throws(UpstreamError) -> JSON {
        guard Identifier.isValid(id) else { throw UpstreamError(.badReply, .transient, "an odd conversation id") }
        let response = try await send(
            "GET", "\(paths.conversation)/\(id)", nil, as: token, through: proxy, totalTimeout: .seconds(30))
        return try await Self.json(of: response)
    }

    /// The title that the backend gives; nil where it does not say one.
    func title(
        of conversation: String, after message: String, as token: AccessToken, through proxy: Proxy?,
        totalTimeout: Duration
    ) async throws(UpstreamError) -> String? {
        guard Identifier.isValid(conversation) else { return nil }
        let response = try await send(
            "POST", "\(paths.genTitle)/\(conversation)", ["message_id": JSON(message)], as: token, through: proxy,
            totalTimeout: totalTimeout)
        let answer = try await Self.json(of: response)
        if let title = answer["title"]?.string { return title }
        // A conversation that has a title is answered with a sentence that quotes it.
        guard let sentence = answer["message"]?.string, let start = sentence.firstRange(of: "already has title '"),
            sentence.last == "'", start.upperBound < sentence.index(before: sentence.endIndex)
        else { return nil }
        return String(sentence[start.upperBound...].dropLast())
    }

    /// The models that the user of the token may use.
    func models(as token: AccessToken, through proxy: Proxy?) async throws(UpstreamError) -> UpstreamModels {
        let response = try await send(
            "GET", paths.models, nil, as: token, through: proxy, totalTimeout: UpstreamModels.longestAnswer)
        return try await UpstreamModels(reading: response, member: "models")
    }

    private func send(
        _ method: String, _ path: String, _ body: JSON?, accept: String = "application/json", as token: AccessToken,
        through proxy: Proxy?, totalTimeout: Duration, idleTimeout: Duration? = nil
    ) async throws(UpstreamError) -> HTTPClientResponse {
        var headers = [(name: "Accept", value: accept), ("Authorization", "Bearer \(token.secret.value)")]
        if body != nil { headers.append(("Content-Type", "application/json")) }
        let request = HTTPClientRequest(
            method: method, url: baseURL + path, headers: headers, body: body?.bytes, proxy: proxy?.url,
            idleTimeout: idleTimeout, totalTimeout: totalTimeout)
        let response: HTTPClientResponse
        do throws(HTTPClientError) { response = try await client.send(request) } catch {
            var failure = UpstreamError(error)
            failure.mayBeAccepted = error.wasSent && failure.kind == .timeout
            throw failure
        }
        guard response.status == 200 else {
            let body = (try? await response.collect(upTo: 64 << 10)) ?? []
            throw .chatGPT(status: response.status, retryAfter: response.header("Retry-After"), body: body)
        }
        return response
    }

    private static func json(of response: HTTPClientResponse) async throws(UpstreamError) -> JSON {
        let body: [UInt8]
        do throws(HTTPClientError) { body = try await response.collect(upTo: 32 << 20) } catch {
            throw UpstreamError(error)
        }
        do { return try JSONReader.read(body, limits: .trusted) } catch {
            throw UpstreamError(.badReply, .transient, "answer is not JSON")
        }
    }
}
