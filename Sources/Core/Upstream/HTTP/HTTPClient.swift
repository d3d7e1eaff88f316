import CCurl

/// Sends HTTP/1.1 requests to upstreams, thousands at once, on one thread of libcurl's multi interface.
///
/// Nothing else in the program sees libcurl. Redirects are not followed, environment variables choose no proxy,
/// and cookies are the caller's affair. A client lives as long as its process.
package final class HTTPClient: Sendable {
    package struct Configuration: Sendable {
        package var connectTimeout: Duration = .seconds(10)
        /// From the start to the head of the answer.
        package var firstByteTimeout: Duration = .seconds(120)
        /// Between two pieces of the body, while somebody waits for one.
        package var idleTimeout: Duration = .seconds(90)
        /// How many idle connections are kept for reuse.
        package var maxIdleConnections = 8192
        /// A file of certificate authorities to trust in place of the system's.
        package var caFile: String?

        package init() {}
    }

    private let configuration: Configuration
    /// The C side's functions may be called from any thread, and it is never freed.
    private nonisolated(unsafe) let client: OpaquePointer?

    package init(configuration: Configuration = Configuration()) {
        self.configuration = configuration
        client = casc_client_new(configuration.maxIdleConnections) { HTTPTransfer.resumeWaiters() }
    }

    /// Starts the exchange and returns once the head of the answer is here.
    ///
    /// Cancelling the task closes the connection at once, also after this has returned, when the body is read.
    package func send(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientResponse {
        try await start(request).response()
    }

    /// Starts the exchange; whoever waits for its response need not keep the request.
    func start(_ request: HTTPClientRequest) throws(HTTPClientError) -> HTTPTransfer {
        try request.check()
        guard let client else {
            throw HTTPClientError(kind: .protocolError, detail: "libcurl could not start", wasSent: false)
        }
        let transfer = HTTPTransfer()
        try transfer.start(request, on: client, configuration)
        return transfer
    }
}
