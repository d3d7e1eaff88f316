/// An access token that a caller brings along, as an account that lives as long as the request.
package struct CallerToken: Sendable {
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
            isPlus: isPlus, proxy: proxy, isEphemeral: true)
        upstreamUser = token.upstreamUser
    }
}

extension GatewayError {
    /// The words of the Flask server for a token where there was none before; clients know them.
    static let begunWithoutToken = GatewayError(
        .conversationKindMismatch,
        "Conversation found, but was started using a Builtin API Instance. Please remove the Access Token to "
            + "continue the conversation using Builtin API Instance.", parameter: "access_token")

    /// The words of the Flask server for a missing token; clients know them.
    static let begunWithToken = GatewayError(
        .conversationKindMismatch,
        "Conversation found, but was started using an Access Token. Please use the Access Token to continue the "
            + "conversation.", parameter: "access_token")

    static let begunWithOtherToken = GatewayError(
        .conversationKindMismatch,
        "This conversation was begun with the access token of another upstream user and needs one of that user.",
        parameter: "access_token")
}
