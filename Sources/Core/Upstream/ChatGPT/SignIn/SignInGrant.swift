/// What a sign-in gave.
package struct SignInGrant: Sendable {
    package var accessToken: AccessToken
    /// For the next time: cheaper than a password.
    package var sessionToken: Secret?
    package var refreshToken: Secret?
}
