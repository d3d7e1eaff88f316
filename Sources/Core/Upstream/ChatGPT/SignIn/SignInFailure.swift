/// Why a sign-in did not give an access token.
package enum SignInFailure: Error, Sendable, Equatable {
    case wrongPassword
    /// The one-time code was not accepted.
    case wrongCode
    /// A one-time code is wanted and none was given.
    case codeRequired
    case captchaRequired
    case blocked
    case deactivated
    case countryRefused
    /// The session cookie or refresh token is no longer good.
    case credentialEnded
    case rateLimited
    /// Bot protection stood in the way; it is not worked around.
    case edge
    case unreachable(HTTPClientError)
    /// The pages are not what they are known to be; the step that failed.
    case unexpected(String)

    /// A short phrase for the operator, without anything of the answer.
    package var reason: String {
        switch self {
        case .wrongPassword: "wrong e-mail address or password"
        case .wrongCode: "the one-time code was refused"
        case .codeRequired: "the account wants a one-time code"
        case .captchaRequired: "the sign-in wants a captcha"
        case .blocked: "the account is blocked for sign-ins"
        case .deactivated: "the account is deactivated"
        case .countryRefused: "the country is not served"
        case .credentialEnded: "the session or refresh token has ended"
        case .rateLimited: "sign-ins are rate limited"
        case .edge: "blocked by edge protection at sign-in"
        case .unreachable(let error): "the sign-in could not be reached (\(error.kind.rawValue))"
        case .unexpected(let step): "the sign-in failed at \(step)"
        }
    }
}
