import Testing

@testable import FCGIApp

@Suite struct NginxValueTests {
    @Test(arguments: [
        "", "relative", "/a;b", "/a{b", "/a}b", "/a\"b", "/a'b", "/a\\b", "/a$b", "/a\nb", "/a\rb", "/a\u{0}b",
        "/a\u{7f}b",
    ])
    func aPathThatNginxWouldMisreadIsRefusedByName(path: String) {
        #expect {
            _ = try NginxValue.path(path, named: "--www")
        } throws: { error in
            "\(error)".hasPrefix("--www: ")
        }
    }

    @Test func aPathIsQuotedWithWhatIsJoinedToIt() throws {
        #expect(try NginxValue.path("/a b/ü#", named: "x", after: "/c").text == "\"/a b/ü#/c\"")
        #expect(try NginxValue.socket("/run/x.sock", named: "x").text == "\"unix:/run/x.sock\"")
    }

    @Test func aSocketThatNginxOrTheKernelWouldCutIsRefused() {
        #expect(throws: NginxConfigurationError.self) { _ = try NginxValue.socket("/run/a:b", named: "x") }
        #expect(throws: NginxConfigurationError.self) {
            _ = try NginxValue.socket("/" + String(repeating: "a", count: 107), named: "x")
        }
    }

    @Test(arguments: ["/", "/chat", "/admin/add-user", "/a.b_c~d/", "/..a"])
    func aPathOfAURLIsTakenAsItIs(path: String) throws {
        #expect(try NginxValue.urlPath(path, named: "x").text == path)
    }

    @Test(arguments: [
        "", "chat", "//", "/a//b", "/a/../b", "/.", "/a b", "/a;b", "/a{b", "/a$b", "/a%20", "/a?b", "/ü", "/a\n",
    ])
    func aPathOfAURLThatNginxWouldReadOtherwiseIsRefused(path: String) {
        #expect(throws: NginxConfigurationError.self) { _ = try NginxValue.urlPath(path, named: "x") }
    }

    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1:80"), ("example.org", "example.org:80"), ("*", "*:80"), ("::1", "[::1]:80"),
        ("[::1]", "[::1]:80"),
    ])
    func anAddressIsWrittenAsListenWantsIt(host: String, expected: String) throws {
        #expect(try NginxValue.listen(host: host, port: 80).text == expected)
    }

    @Test(arguments: ["", "a b", "a;b", "::1;", "fe80::1%eth0", "[a", "[]x", "-a", "$host"])
    func aHostThatIsNoneIsRefused(host: String) {
        #expect(throws: NginxConfigurationError.self) { _ = try NginxValue.listen(host: host, port: 80) }
    }

    @Test(arguments: [0, -1, 65_536])
    func aPortThatIsNoneIsRefused(port: Int) {
        #expect(throws: NginxConfigurationError.self) { _ = try NginxValue.listen(host: "::1", port: port) }
    }

    @Test func zeroIsRefusedBecauseNginxTakesItForNoLimit() {
        #expect(throws: NginxConfigurationError.self) { _ = try NginxValue.number(0, named: "max_body_bytes") }
    }
}
