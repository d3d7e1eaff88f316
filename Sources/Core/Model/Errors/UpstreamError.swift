/// A refusal or failure of an upstream, from a driver to the dispatcher.
package struct UpstreamError: Error, Sendable, Equatable {
    package enum Kind: String, Sendable {
        /// The upstream answered with an error.
        case refused
        /// No answer: connect, TLS, reset, proxy.
        case unreachable
        /// Too late.
        case timeout
        /// An answer that is not of the protocol.
        case badReply
        /// A good answer that ended too early.
        case truncated
        /// A good answer that grew beyond what is taken of one.
        case tooLong
        /// The caller left; nobody is at fault.
        case cancelled
    }

    package var kind: Kind
    package var failure: FailureClass
    /// A short phrase for the operator, made by us; never an upstream's body.
    package var reason: String
    /// The HTTP status, where there was one.
    package var status: Int?
    package var retryAfter: Duration?
    /// The upstream's own short word for the error, if it is one: letters, digits and `_` only.
    package var upstreamCode: String?
    /// What of the upstream's reason the caller may be told; only where the request is at fault.
    package var refusal: UpstreamRefusal?
    /// The upstream may have taken the prompt, so it is not sent again, to no account.
    package var mayBeAccepted = false
    /// Whether any byte may have reached the upstream; what fails before that is not the prompt's fault.
    package var wasSent = true

    package init(
        _ kind: Kind, _ failure: FailureClass, _ reason: String, status: Int? = nil, retryAfter: Duration? = nil,
        upstreamCode: String? = nil
    ) {
        self.kind = kind
        self.failure = failure
        self.reason = reason
        self.status = status
        self.retryAfter = retryAfter
        self.upstreamCode = upstreamCode
    }
}
