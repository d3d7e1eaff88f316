/// Trades a refresh token for an access token (RFC 6749, section 6).
struct RefreshGrant {
    /// The public client of the mobile application, to which refresh tokens belong; it has no secret.
    private static let clientID = "pdlLIX2Y72MIl2rhLhTE9VV9bN905kBh"
    private static let redirectURI = "com.openai.chat://auth0.openai.com/ios/com.openai.chat/callback"

    let client: HTTPClient
    let addresses: SignInAddresses

    func grant(_ refresh: Secret, through proxy: Proxy?) async throws(SignInFailure) -> SignInGrant {
        let body: JSON = [
            "redirect_uri": JSON(Self.redirectURI), "grant_type": "refresh_token", "client_id": JSON(Self.clientID),
            "refresh_token": JSON(refresh.value),
        ]
        let request = HTTPClientRequest(
            method: "POST", url: addresses.token,
            headers: [("Content-Type", "application/json"), ("Accept", "application/json")], body: body.bytes,
            proxy: proxy?.url, firstByteTimeout: .seconds(15), totalTimeout: .seconds(15))
        let response: HTTPClientResponse
        let answer: [UInt8]
        do throws(HTTPClientError) {
            response = try await client.send(request)
            answer = try await response.collect(upTo: 1 << 20)
        } catch {
            throw .unreachable(error)
        }
        let json = try? JSONReader.read(answer, limits: .trusted)
        switch response.status {
        case 200:
            guard let token = json?["access_token"]?.string, AccessToken.isPossible(token) else {
                throw .unexpected("refresh")
            }
            // The token may be replaced by another one; without one it stays good.
            let next = json?["refresh_token"]?.string.map(Secret.init) ?? refresh
            return SignInGrant(accessToken: AccessToken(token), refreshToken: next)
        case 429: throw .rateLimited
        case 400, 401, 403:
            guard json?["error"]?.string != nil else {
                throw response.status == 403 ? .edge : .unexpected("refresh: status \(response.status)")
            }
            throw .credentialEnded
        default: throw .unexpected("refresh: status \(response.status)")
        }
    }
}
