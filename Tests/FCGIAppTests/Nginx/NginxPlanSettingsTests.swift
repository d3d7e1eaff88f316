import Core
import Testing

@testable import FCGIApp

@Suite struct NginxPlanSettingsTests {
    @Test func thePlanTakesWhatTheSettingsSay() {
        var settings = Settings()
        settings.server.host = "0.0.0.0"
        settings.server.port = 8443
        settings.server.basePath = "/gpt/"
        settings.server.network = .lan
        settings.server.wanURL = "https://chat.example.org:8443"
        settings.server.browserPaths.addUser = "/new"
        settings.server.maxBodyBytes = 5
        settings.server.tls = .init(certificate: "/c", certificateKey: "/k")

        let plan = NginxPlan(
            settings: settings, socket: AbsolutePath("/s"), www: AbsolutePath("/w"), prefix: AbsolutePath("/p"))

        #expect(plan.host == "0.0.0.0" && plan.port == 8443 && plan.basePath == "/gpt/")
        #expect(plan.network == .lan)
        #expect(plan.serverName == "chat.example.org")
        #expect(plan.pages.addUser == "/new")
        #expect(plan.maxBodyBytes == 5)
        #expect(plan.tls == .init(certificate: "/c", certificateKey: "/k"))
        #expect(plan.socket == "/s" && plan.www == "/w" && plan.prefix == "/p")
    }

    @Test(arguments: [
        ("https://a.org", "a.org"), ("http://a.org:80/b?c", "a.org"), ("https://u:p@a.org/", "a.org"),
        ("https://[::1]:80", nil), ("a.org", nil), ("https://", nil),
    ])
    func theServerNameIsTheHostOfTheURL(url: String, host: String?) {
        #expect(NginxPlan.host(ofURL: url) == host)
    }

    @Test(arguments: [
        ("/a//b/./c", "/a/b/c"), ("x/../y", "/home/x/../y"), ("./x", "/home/x"), (".", "/home"), ("/", "/"),
    ])
    func aRelativePathBeginsAtTheWorkingDirectory(path: String, expected: String) {
        #expect(AbsolutePath(path, workingDirectory: "/home").text == expected)
    }

    @Test func theCommandRefusesContradictions() {
        let arguments = ["--settings", "s", "--socket", "s", "--www", "w", "--prefix", "p"]

        #expect(throws: (any Error).self) {
            try NginxConfigCommand.parse(arguments + ["--snippet", "--http-snippet"])
        }
        #expect(throws: (any Error).self) { try NginxConfigCommand.parse(arguments + ["--with-http-snippet"]) }
        #expect(throws: (any Error).self) { try NginxConfigCommand.parse(arguments + ["--rate-limit=-1"]) }
        #expect(throws: Never.self) {
            try NginxConfigCommand.parse(arguments + ["--snippet", "--with-http-snippet", "--lib-dir", "/x"])
        }
    }
}
