/// Sends requests to the OpenAI-compatible API of an account and tells refusals from answers.
struct OpenAIEndpoint: Sendable {
    let client: HTTPClient

    /// Posts `body` and returns once the head of a good answer (status 200) is here.
    ///
    /// - Throws: ``UpstreamError`` with the failure class of any other status.
    func post(
        _ path: String, _ body: [UInt8], to account: Account, totalTimeout: Duration, idleTimeout: Duration? = nil
    ) async throws(UpstreamError) -> HTTPClientResponse {
        try await send("POST", path, body, to: account, totalTimeout: totalTimeout, idleTimeout: idleTimeout)
    }

    func models(of account: Account) async throws(UpstreamError) -> UpstreamModels {
        let response = try await send(
            "GET", "/models", nil, to: account, totalTimeout: UpstreamModels.longestAnswer)
        return try await UpstreamModels(reading: response, member: "data")
    }

    /// The whole body of `response`, a reply, as it came and as JSON.
    static func json(
        of response: HTTPClientResponse, _ meter: ReplyMeter
    ) async throws(UpstreamError) -> (bytes: [UInt8], json: JSON) {
        var meter = meter
        var body: [UInt8] = []
        while true {
            let piece: [UInt8]?
            do throws(HTTPClientError) { piece = try await response.next() } catch { throw UpstreamError(error) }
            guard let piece else { break }
            body += piece
            // Some servers send spaces to keep the connection alive.
            let isSpace = piece.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
            do throws(UpstreamError) { try meter.note(piece.count, content: isSpace ? 0 : piece.count) } catch {
                response.cancel()
                throw error
            }
        }
        return (body, try json(body))
    }

    /// The whole body of a small answer as JSON.
    static func json(of response: HTTPClientResponse) async throws(UpstreamError) -> JSON {
        let body: [UInt8]
        do throws(HTTPClientError) { body = try await response.collect(upTo: 1 << 20) } catch {
            throw UpstreamError(error)
        }
        return try json(body)
    }

    private static func json(_ body: [UInt8]) throws(UpstreamError) -> JSON {
        do { return try JSONReader.read(body, limits: .trusted) } catch {
            throw UpstreamError(.badReply, .transient, "answer is not JSON")
        }
    }

    private func send(
        _ method: String, _ path: String, _ body: [UInt8]?, to account: Account, totalTimeout: Duration,
        idleTimeout: Duration? = nil
    ) async throws(UpstreamError) -> HTTPClientResponse {
        let transfer = try start(method, path, body, to: account, totalTimeout, idleTimeout)
        let response: HTTPClientResponse
        do throws(HTTPClientError) { response = try await transfer.response() } catch { throw UpstreamError(error) }
        guard response.status == 200 else { throw await refusal(response) }
        return response
    }

    // Not inlined, so that the thousands that wait for an answer hold neither the request nor what a refusal needs.

    @inline(never)
    private func start(
        _ method: String, _ path: String, _ body: [UInt8]?, to account: Account, _ totalTimeout: Duration,
        _ idleTimeout: Duration?
    ) throws(UpstreamError) -> HTTPTransfer {
        guard case .openAI(let api) = account.kind else {
            throw UpstreamError(.badReply, .callerFault, "not an account of an OpenAI-compatible API")
        }
        var headers = [(name: "Accept", value: "*/*")]
        if body != nil { headers.append(("Content-Type", "application/json")) }
        if let key = api.apiKey { headers.append(("Authorization", "Bearer \(key.value)")) }
        let request = HTTPClientRequest(
            method: method, url: api.baseURL + path, headers: headers, body: body, proxy: account.proxy?.url,
            idleTimeout: idleTimeout, totalTimeout: totalTimeout)
        do throws(HTTPClientError) { return try client.start(request) } catch { throw UpstreamError(error) }
    }

    @inline(never)
    private func refusal(_ response: HTTPClientResponse) async -> UpstreamError {
        let body = (try? await response.collect(upTo: 64 << 10)) ?? []
        return .openAI(status: response.status, retryAfter: response.header("Retry-After"), body: body)
    }
}
