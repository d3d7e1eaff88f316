import Testing

@testable import FCGIApp

/// Whom a real nginx counts as one caller.
@Suite(.enabled(if: NginxProcess.isInstalled)) struct NginxAddressTests {
    /// An nginx that believes what `X-Real-IP` says and lets two requests of each caller through.
    private func started() throws -> NginxProcess {
        let nginx = try NginxProcess()
        var plan = nginx.plan()
        plan.limits = .init(requestsPerSecond: 1, burst: 1, connections: 100)
        let text = try NginxConfiguration().render(.whole, for: plan).replacing("rate=1r/s", with: "rate=1r/m")
            .replacing("http {\n", with: "http {\nset_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;\n")
        try nginx.start(text)
        return nginx
    }

    private func isTaken(_ address: String, _ nginx: NginxProcess) throws -> Bool {
        let answer = try nginx.exchange(
            "GET /api/recall HTTP/1.1\r\nHost: a\r\nX-Real-IP: \(address)\r\nConnection: close\r\n\r\n")
        return answer.hasPrefix("HTTP/1.1 502 ")
    }

    @Test(arguments: [
        ["2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:0DB8:0001:0002:0:0:0:1", "2001:db8:1:2::"],
        ["2001:db8::1", "2001:db8::ffff:0:0:1", "2001:db8:0:0:1::", "2001:db8::"],
        ["a0a:a0a:a0a:a0a::1", "a0a:a0a:a0a:a0a::a", "a0a:a0a:a0a:a0a:a0a:a0a:a0a:a0a", "a0a:a0a:a0a:a0a::"],
        ["203.0.113.1", "::ffff:203.0.113.1", "::ffff:cb00:7101", "203.0.113.1"],
    ])
    func `a network of IPv6 is one caller however it is written`(addresses: [String]) throws {
        let nginx = try started()
        #expect(try addresses.map { try isTaken($0, nginx) } == [true, true, false, false])
    }

    @Test func `other networks and addresses of IPv4 are other callers`() throws {
        let nginx = try started()
        let addresses = [
            "2001:db8:1:2::1", "2001:db8:1:3::1", "2001:db8:1:2:0::", "203.0.113.1", "203.0.113.2",
            "::ffff:203.0.113.3", "::ffff:203.0.113.4", "2001:db8:2:2::1", "2002:db8:1:2::1",
        ]
        #expect(try addresses.map { try isTaken($0, nginx) } == addresses.map { _ in true })
    }

    @Test func `programs of this host are not counted`() throws {
        let nginx = try started()
        for address in ["127.0.0.2", "::1", "::ffff:127.0.0.1"] {
            #expect(try (0..<5).map { _ in try isTaken(address, nginx) } == Array(repeating: true, count: 5))
        }
    }
}
