/// An account that a caller brings along as an access token; it lives as long as the request.
package struct CallerAccount: Sendable {
    let account: Account
    /// Whose token it is, as the upstream names its users; conversations are bound to that.
    let upstreamUser: String

    /// - Throws: 422 naming `access_token` for what can be no access token, or one that has expired.
    init(accessToken: String, isPlus: Bool, proxy: Proxy?) throws(GatewayError) {
        guard AccessToken.isPossible(accessToken) else {
            throw .invalid("access_token", "an access token of the ChatGPT web application, not an API key")
        }
        let token = AccessToken(accessToken)
        if let end = token.expiresAt, end <= .now {
            throw GatewayError(
                .accessTokenRejected, "The access token has expired. Get a new one.", parameter: "access_token")
        }
        account = Account(
            id: Account.ID(rawValue: "access-token"), kind: .chatGPT(.init(accessToken: token.secret)),
            isPlus: isPlus, proxy: proxy, isCallers: true)
        upstreamUser = token.upstreamUser
    }
}
