/// A request to an upstream.
package struct HTTPClientRequest: Sendable {
    package var method: String
    package var url: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]?
    /// Nil for a direct connection, else `socks5://`, `socks5h://` or `http://`, with user and password where needed.
    package var proxy: String?
    /// Nil for the client's own limit.
    package var firstByteTimeout: Duration?
    package var idleTimeout: Duration?
    /// From the start to the end of the body; nil for no limit.
    package var totalTimeout: Duration?

    package init(
        method: String = "GET", url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        proxy: String? = nil, firstByteTimeout: Duration? = nil, idleTimeout: Duration? = nil,
        totalTimeout: Duration? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.proxy = proxy
        self.firstByteTimeout = firstByteTimeout
        self.idleTimeout = idleTimeout
        self.totalTimeout = totalTimeout
    }

    /// Refuses what could end a line of the head early or cut a C string.
    func check() throws(HTTPClientError) {
        let texts = [method, url, proxy ?? ""] + headers.flatMap { [$0.name, $0.value] }
        for text in texts where text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            throw HTTPClientError(kind: .invalidURL, detail: "a control character stands in the head", wasSent: false)
        }
        guard headers.allSatisfy({ !$0.name.isEmpty && !$0.name.utf8.contains(UInt8(ascii: ":")) }) else {
            throw HTTPClientError(kind: .invalidURL, detail: "a header name is not valid", wasSent: false)
        }
    }
}
