import CCurl

/// Why an exchange with an upstream did not come to its end.
package struct HTTPClientError: Error, Sendable, Equatable {
    package enum Kind: String, Sendable {
        case invalidURL, resolve, connect, proxy, tls
        case timeoutConnect, timeoutFirstByte, timeoutIdle, timeoutTotal
        /// The connection was lost.
        case reset
        /// The answer ended before its announced end.
        case truncated
        case tooLarge, protocolError, cancelled
    }

    package var kind: Kind
    /// libcurl's own words, for the log.
    package var detail: String
    /// Whether any byte of the request may have reached the server.
    package var wasSent: Bool

    package init(kind: Kind, detail: String, wasSent: Bool) {
        self.kind = kind
        self.detail = detail
        self.wasSent = wasSent
    }

    /// Nil for a transfer that ended well.
    init?(result: Int32, detail: String, wasSent: Bool) {
        let kind: Kind
        switch Int(result) {
        case CASC_OK: return nil
        case CASC_CANCELLED: kind = .cancelled
        case CASC_INVALID_URL: kind = .invalidURL
        case CASC_RESOLVE: kind = .resolve
        case CASC_CONNECT: kind = .connect
        case CASC_PROXY: kind = .proxy
        case CASC_TLS: kind = .tls
        case CASC_TIMEOUT_CONNECT: kind = .timeoutConnect
        case CASC_TIMEOUT_FIRST_BYTE: kind = .timeoutFirstByte
        case CASC_TIMEOUT_IDLE: kind = .timeoutIdle
        case CASC_TIMEOUT_TOTAL: kind = .timeoutTotal
        case CASC_RESET: kind = .reset
        case CASC_TRUNCATED: kind = .truncated
        case CASC_TOO_LARGE: kind = .tooLarge
        default: kind = .protocolError
        }
        self.init(kind: kind, detail: detail, wasSent: wasSent)
    }
}
