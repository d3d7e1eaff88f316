@testable import Core

/// What a sign-in's pages send, a line each: cookies, places to go on to, tokens.
@Sendable func fuzzSignIn(_ input: [UInt8]) {
    let lines = input.split(separator: 0x0A, maxSplits: 50).map { String(decoding: $0, as: UTF8.self) }
    let hosts = ["auth0.openai.com", "chat.openai.com", "evil.example"]
    var jar = CookieJar()
    var page = "https://auth0.openai.com/u/login?state=x"
    for line in lines {
        jar.take(line, from: hosts[0])
        _ = (jar.latestName(beginning: "__Secure"), jar.header(for: hosts[1]))
        require(jar.header(for: hosts[2]) == nil, "a cookie for another host: \(line)")

        let token = AccessToken(line)
        if AccessToken.isPossible(line) { require(!line.utf8.contains { $0 <= 0x20 }, "no header field: \(line)") }
        require(Identifier.isValid(token.upstreamUser), "no name of a user: \(line)")
        require(!"\(token)".contains(line) || line.utf8.count < 20, "a token in a description")

        _ = (WebAddress.query("code", of: line), WebAddress.host(of: line))
        let again = try? FormDecoder.decode(WebAddress.form([(line, line)]).utf8)
        require(again?.first.map { [$0.name, $0.value] } == [line, line], "read differently: \(line)")
        if let next = WebAddress.resolve(line, against: page) {
            if let origin = WebAddress.origin(of: next) {
                require(WebAddress.origin(of: origin) == origin, "another origin: \(origin)")
            }
            if next.utf8.count < 1000, WebAddress.origin(of: next) != nil { page = next }
        }
    }
}
