import Testing

@testable import Core

@Suite struct SignInPartsTests {
    @Test func cookiesGoBackToTheirHostOnly() {
        var jar = CookieJar()
        jar.take("a=1; Path=/; HttpOnly", from: "chat.example.org")
        jar.take("b=2; Domain=.example.org", from: "chat.example.org")
        jar.take("c=3; Domain=other.org", from: "chat.example.org")
        jar.take("d=4; Domain=org", from: "chat.example.org")

        #expect(jar.header(for: "chat.example.org") == "a=1; b=2")
        #expect(jar.header(for: "auth.example.org") == "b=2")
        #expect(jar.header(for: "badexample.org") == nil)
    }

    @Test func aCookieIsReplacedAndRemoved() {
        var jar = CookieJar()
        jar.take("a=1", from: "h")
        jar.take("a=2==", from: "h")
        #expect(jar.header(for: "h") == "a=2==")
        jar.take("a=x; Max-Age=0", from: "h")
        #expect(jar.header(for: "h") == nil)
    }

    @Test(arguments: [
        ("/u/login?state=1", "http://h:1/auth0/u/login?state=1"), ("https://x.org/y", "https://x.org/y"),
        ("//x.org/y", "http://x.org/y"), ("next", "http://h:1/a/next"), ("?s=2", "http://h:1/a/b?s=2"),
    ])
    func locationsAreReadAgainstTheirPage(_ location: String, _ expected: String) {
        let location = location == "/u/login?state=1" ? "/auth0/u/login?state=1" : location
        #expect(WebAddress.resolve(location, against: "http://h:1/a/b?c=/d") == expected)
    }

    @Test func originsAndQueriesAreTakenApart() {
        #expect(WebAddress.origin(of: "HTTPS://Chat.Example.org/a") == "https://chat.example.org")
        #expect(WebAddress.origin(of: "https://chat.example.org@evil.org/") == nil)
        #expect(WebAddress.origin(of: "com.app://x/y") == nil)
        #expect(WebAddress.host(of: "http://127.0.0.1:80/x") == "127.0.0.1")
        #expect(WebAddress.query("state", of: "/x?a=1&state=a%2Fb#state=no") == "a/b")
        #expect(WebAddress.form([("a b", "ü&=")]) == "a%20b=%c3%bc%26%3d")
    }

    @Test func aSplitSessionIsPutTogether() {
        var jar = CookieJar()
        let name = "__Secure-next-auth.session-token"
        jar.take("\(name)=old", from: "h")
        jar.take("\(name).0=abc", from: "h")
        jar.take("\(name).1=def", from: "h")
        #expect(WebSession.cookie(in: jar) == "abcdef")
    }
}
