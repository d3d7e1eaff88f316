import Crypto

/// Somebody outside who is told things by signed requests.
///
/// A receiver that computes the HMAC-SHA256 of the body with the same secret, and compares it with `X-Signature-256`,
/// knows that this installation sent it. Redirects are not followed.
package struct Webhook: Sendable {
    /// What came of a call.
    package enum Outcome: Sendable, Equatable {
        case delivered
        /// It may go well later; after the time that the receiver names, if it does.
        case failed(String, retryAfter: Duration?)
        /// It will never go well.
        case refused(String)
        /// The task was cancelled.
        case cancelled
    }

    private static let timeout = Duration.seconds(20)

    private let url: Secret
    private let secret: Secret
    private let client: HTTPClient

    package init(_ settings: Settings.Thresholds.Webhook, client: HTTPClient) {
        url = settings.url
        secret = settings.secret
        self.client = client
    }

    /// What stands in `X-Signature-256`.
    package static func signature(of body: [UInt8], with secret: Secret) -> String {
        let key = SymmetricKey(data: Array(secret.value.utf8))
        return "sha256=" + Hex.encode(Array(HMAC<SHA256>.authenticationCode(for: body, using: key)))
    }

    /// Makes one call.
    package func call(_ body: [UInt8]) async -> Outcome {
        let request = HTTPClientRequest(
            method: "POST", url: url.value,
            headers: [
                ("Content-Type", "application/json"), ("User-Agent", "chatgpt-api-server"), ("Accept", "*/*"),
                ("X-Signature-256", Self.signature(of: body, with: secret)),
            ],
            body: body, firstByteTimeout: Self.timeout, totalTimeout: Self.timeout)
        do throws(HTTPClientError) {
            let response = try await client.send(request)
            // Read, so that the connection can be used again.
            _ = try? await response.collect(upTo: 64 << 10)
            return Self.outcome(status: response.status, retryAfter: response.header("Retry-After"))
        } catch {
            switch error.kind {
            case .cancelled: return .cancelled
            // Nothing of libcurl's words, which may hold the URL.
            case .invalidURL: return .refused(error.kind.rawValue)
            default: return .failed(error.kind.rawValue, retryAfter: nil)
            }
        }
    }

    /// What an answer means: what says that it is too early, too much or the receiver's own fault may go well later.
    static func outcome(status: Int, retryAfter: String?) -> Outcome {
        switch status {
        case 200..<300: return .delivered
        case 408, 425, 429, 500...:
            let seconds = retryAfter.flatMap { Int($0) }.map { Duration.seconds(min(max(1, $0), 3600)) }
            return .failed("status \(status)", retryAfter: seconds)
        default: return .refused("status \(status)")
        }
    }
}
