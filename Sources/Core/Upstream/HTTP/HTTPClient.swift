import CCurl

/// Sends HTTP/1.1 requests to upstreams, thousands at once, by libcurl's multi interface on the loop.
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
    private let loop: EventLoop
    /// Transfers are made by it on any thread, all else happens on the loop; it is never freed.
    private nonisolated(unsafe) let client: OpaquePointer?

    package init(configuration: Configuration = Configuration(), loop: EventLoop = .shared) {
        self.configuration = configuration
        self.loop = loop
        client = casc_client_new(configuration.maxIdleConnections) { HTTPTransfer.resumeWaiters() }
        guard let source = client.map(Source.init) else { return }
        loop.run { loop.attach(source) }
    }

    /// libcurl's sockets and deadlines as a part of the loop.
    ///
    /// Unchecked: the pointer never changes, and what it points to is used on the loop.
    private final class Source: EventLoop.Source, @unchecked Sendable {
        private let client: OpaquePointer

        init(_ client: OpaquePointer) { self.client = client }

        var descriptor: Int32 { casc_descriptor(client) }
        var pause: Int32 { casc_pause(client) }
        func act(isReadable: Bool) { casc_act(client, isReadable ? 1 : 0) }
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
        let transfer = HTTPTransfer(loop: loop)
        try transfer.start(request, on: client, configuration)
        return transfer
    }
}
