import Testing

@testable import FCGIApp

/// What a real nginx makes of our configuration.
@Suite(.enabled(if: NginxProcess.isInstalled)) struct NginxProcessTests {
    private static let secret = "S3CR3TKEY"

    private func get(_ target: String, _ nginx: NginxProcess) throws -> String {
        try nginx.exchange("GET \(target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    }

    @Test func nginxHasNoComplaintAboutAnyKindOfConfiguration() throws {
        let nginx = try NginxProcess()
        let configuration = try NginxConfiguration()
        var variants = [NginxPlan](repeating: nginx.plan(), count: 5)
        variants[1].basePath = "/chat.gpt/"
        variants[2].network = .lan
        variants[3].limits = nil
        variants[4].libraries = []

        for plan in variants {
            #expect(try nginx.complaint(about: configuration.render(.whole, for: plan)) == nil)
        }
    }

    @Test func aSnippetFitsIntoAnExistingServer() throws {
        let nginx = try NginxProcess()
        let configuration = try NginxConfiguration()
        var plan = nginx.plan()
        plan.basePath = "/gpt/"

        for isLogged in [false, true] {
            let http = isLogged ? try configuration.render(.http, for: plan) : ""
            let server = try configuration.render(.server(withHTTPPart: isLogged), for: plan)
            let text = """
                pid \(nginx.directory)/pid; error_log \(nginx.directory)/error.log; events {}
                http { access_log off; client_body_temp_path \(nginx.directory)/a; fastcgi_temp_path \(nginx.directory)/b;
                proxy_temp_path \(nginx.directory)/c; scgi_temp_path \(nginx.directory)/d;
                uwsgi_temp_path \(nginx.directory)/e;
                \(http)
                server { listen 127.0.0.1:\(nginx.port); location ~ \\.php$ { return 404; }
                \(server)
                } }
                """
            #expect(try nginx.complaint(about: text) == nil)
        }
    }

    @Test func aDeadResponderIsToldInTheShapeOfThePath() throws {
        let nginx = try NginxProcess()
        try nginx.start(try NginxConfiguration().render(.whole, for: nginx.plan()))

        let api = try get("/api/chat", nginx)
        let openAI = try get("/v1/models", nginx)
        let page = try get("/chat", nginx)

        #expect(api.hasPrefix("HTTP/1.1 502 "))
        #expect(api.contains("{\"status\":\"error\",\"code\":\"gateway_unavailable\",\"message\":\""))
        #expect(api.contains("\r\nRetry-After: 2\r\n"))
        #expect(openAI.contains("\"type\":\"server_error\",\"param\":null,\"code\":\"gateway_unavailable\"}}"))
        #expect(page.contains("\r\nContent-Type: text/html; charset=utf-8\r\n"))
        #expect(page.contains("<h1>Not available</h1>"))
        for answer in [api, openAI, page] {
            for header in ["X-Request-Id", "Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"] {
                #expect(answer.split(separator: "\r\n\(header): ").count == 2, "\(header) is not there just once")
            }
        }
    }

    @Test func noKeyReachesALogWhateverGoesWrong() throws {
        let nginx = try NginxProcess()
        var plan = nginx.plan()
        plan.maxBodyBytes = 10
        // One goes at once and four more as a burst; none is added while the test runs.
        plan.limits = .init(requestsPerSecond: 1, burst: 4, connections: 1)
        let text = try NginxConfiguration().render(.whole, for: plan)
        try nginx.start(
            text.replacing("127.0.0.0/8 1;", with: "127.0.0.0/8 0;").replacing("rate=1r/s", with: "rate=1r/m"))
        let key = Self.secret
        let long = String(repeating: "a", count: 40_000)
        let end = "\r\nHost: a\r\nConnection: close\r\n"
        let requests = [
            ("502", "GET /api/chat?user=\(key) HTTP/1.1\(end)"),
            ("502", "GET /api/chat?%75ser=\(key)&user=\(key) HTTP/1.1\(end)"),
            ("502", "GET /api/chat%3Fuser=\(key) HTTP/1.1\(end)"),
            ("502", "GET /v1/models?user=\(key) HTTP/1.1\(end)Referer: http://a/?user=\(key)\r\n"),
            ("502", "POST /chat?user=\(key) HTTP/1.1\(end)"),
            ("429", "GET /api/chat?user=\(key) HTTP/1.1\(end)"),
            ("429", "GET /chat?%75ser=\(key) HTTP/1.1\(end)"),
            ("413", "POST /chat?user=\(key) HTTP/1.1\(end)Content-Length: 11\r\n\r\n\(key)"),
            ("414", "GET /api/chat?user=\(key)&p=\(long) HTTP/1.1\(end)"),
            ("431", "GET /?user=\(key) HTTP/1.1\(end)X: \(long)\r\n"),
            ("400", "GET /api/chat?user=\(key) NOTHING\(end)"),
            ("400", "get /api/chat?user=\(key) HTTP/1.1\(end)"),
            ("400", "GET /%zz?user=\(key) HTTP/1.1\(end)"),
            ("400", "\(key)\(end)"),
            ("405", "TRACE /?user=\(key) HTTP/1.1\(end)"),
            ("501", "POST /?user=\(key) HTTP/1.1\(end)Transfer-Encoding: \(key)\r\n"),
            ("505", "GET /?user=\(key) HTTP/9.9\(end)"),
        ]

        for (status, request) in requests {
            let answer = try nginx.exchange(request + "\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(request.prefix(40)): \(answer.prefix(40))")
        }
        nginx.end()

        let log = try nginx.file("access.log")
        #expect(log.split(separator: "\n").count == requests.count)
        #expect(log.contains("\"path\":\"/api/chat\",\"status\":502"))
        #expect(log.contains("\"status\":429"))
        #expect(!log.contains(key))
        #expect(!(try nginx.file("error.log").contains(key)))
    }

    @Test func filesComeWithETagAndNothingOutsideOfThemIsShown() throws {
        let nginx = try NginxProcess()
        var plan = nginx.plan()
        plan.basePath = "/x/"
        try nginx.start(try NginxConfiguration().render(.whole, for: plan))

        let style = try get("/x/assets/style.css", nginx)
        #expect(style.hasPrefix("HTTP/1.1 200 "))
        #expect(style.contains("\r\nETag: "))
        #expect(style.contains("\r\nCache-Control: no-cache\r\n"))
        #expect(try get("/x?a=b", nginx).contains("\r\nLocation: /x/?a=b\r\n"))
        for target in [
            "/x/assets/", "/x/lib/jquery", "/x/lib/a.html", "/_pages/chat.html",
            "/_errors/api/502", "/y", "/x/assets/style.css%0a",
        ] {
            #expect(try get(target, nginx).hasPrefix("HTTP/1.1 404 "), "\(target)")
        }
        for target in ["/x/assets/../../../etc/passwd", "/x/lib/..%2f..%2f../etc/passwd", "/x/assets/%00"] {
            #expect(try get(target, nginx).hasPrefix("HTTP/1.1 400 "), "\(target)")
        }
    }
}
