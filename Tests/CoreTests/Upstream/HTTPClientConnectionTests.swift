import Glibc
import Synchronization
import Testing

@testable import Core

/// Which connection an exchange takes: kept ones, proxies.
@Suite(.timeLimit(.minutes(2))) struct HTTPClientConnectionTests {
    /// Of each test alone: others would have its kept connections closed.
    private let client = HTTPClient()

    private func text(_ request: HTTPClientRequest) async throws -> String {
        String(decoding: try await client.send(request).collect(upTo: 1000), as: UTF8.self)
    }

    @Test func `a connection is used again after a whole answer`() async throws {
        let server = try RawServer { connection in
            while connection.readRequest() != nil { connection.answer("connection \(connection.number)") }
        }
        defer { server.stop() }

        for _ in 1...5 { #expect(try await text(HTTPClientRequest(url: server.url)) == "connection 1") }

        #expect(server.connections == 1)
    }

    @Test func `a kept connection that dies is replaced without the caller seeing it`() async throws {
        // A server that is so slow to close that it could have worked on the request says nothing, so it is tried again.
        for _ in 1...10 {
            let server = try RawServer { connection in
                guard connection.readRequest() != nil else { return }
                connection.answer("connection \(connection.number)")
                // The second request comes over this connection and finds its end.
                _ = connection.readRequest()
            }
            defer { server.stop() }
            #expect(try await text(HTTPClientRequest(url: server.url)) == "connection 1")
            let start = ContinuousClock.now
            let second = try? await text(HTTPClientRequest(url: server.url))
            if second == nil, start.duration(to: .now) > .milliseconds(900) { continue }
            #expect(second == "connection 2")
            return
        }
        Issue.record("the server was too slow ten times")
    }

    @Test func `a server that worked on a request before its connection died is not asked again`() async throws {
        let asked = Counter()
        let release = Counter()
        let server = try RawServer { connection in
            while let request = connection.readRequest() {
                guard request.line.hasPrefix("POST") else {
                    connection.answer("kept")
                    continue
                }
                asked.increment()
                // A while that is longer than a connection's death takes to be seen.
                while release.value == 0 { usleep(10_000) }
                return
            }
        }
        defer { server.stop() }
        let client = HTTPClient()
        // Two kept connections: one to be lost and one on which the request could be sent again.
        let url = server.url
        async let first = client.send(HTTPClientRequest(url: url)).collect(upTo: 10)
        async let second = client.send(HTTPClientRequest(url: url)).collect(upTo: 10)
        _ = try await (first, second)

        let answer = Task { try await client.send(HTTPClientRequest(method: "POST", url: url, body: [1])).status }
        while asked.value == 0 { try await Task.sleep(for: .milliseconds(10)) }
        try await Task.sleep(for: .milliseconds(1300))
        release.increment()

        await #expect(throws: HTTPClientError.self) { try await answer.value }
        #expect(asked.value == 1)
    }

    @Test func `a request after one that was broken off is sent`() async throws {
        let server = try RawServer { connection in
            while let request = connection.readRequest() {
                guard request.line.hasPrefix("GET /whole") else {
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                    return
                }
                connection.answer("whole")
            }
        }
        defer { server.stop() }
        let client = HTTPClient()

        for _ in 1...3 {
            let broken = try await client.send(HTTPClientRequest(url: server.url + "/half"))
            await #expect(throws: HTTPClientError.self) { try await broken.collect(upTo: 1000) }
            let whole = try await client.send(HTTPClientRequest(url: server.url + "/whole"))
            #expect(try await whole.collect(upTo: 10) == Array("whole".utf8))
        }
    }

    @Test func `no proxy of the environment is used`() async throws {
        let dead = try RefusedPort()
        defer { dead.close() }
        let server = try RawServer { connection in
            while connection.readRequest() != nil { connection.answer("direct") }
        }
        defer { server.stop() }
        let names = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
        for name in names { setenv(name, dead.url, 1) }
        defer { for name in names { unsetenv(name) } }

        #expect(try await text(HTTPClientRequest(url: server.url)) == "direct")
    }

    @Test(arguments: ["http", "socks5", "socks5h"])
    func `a proxy that is down is told from an upstream that is down`(scheme: String) async throws {
        let dead = try RefusedPort()
        defer { dead.close() }

        let error = await #expect(throws: HTTPClientError.self) {
            try await client.send(
                HTTPClientRequest(url: "http://upstream.invalid/", proxy: "\(scheme)://127.0.0.1:\(dead.port)"))
        }

        #expect(error?.kind == .proxy)
        #expect(error?.wasSent == false)
    }

    @Test func `a SOCKS proxy that refuses the target is a fault of the proxy`() async throws {
        let proxy = try SOCKSProxy(name: "closed", refuses: true)
        defer { proxy.stop() }

        let error = await #expect(throws: HTTPClientError.self) {
            try await client.send(HTTPClientRequest(url: "http://upstream.invalid/", proxy: proxy.url()))
        }

        #expect(error?.kind == .proxy)
        #expect(error?.wasSent == false)
    }

    @Test func `a SOCKS proxy gets user, password and the name of the host`() async throws {
        let proxy = try SOCKSProxy(name: "it")
        defer { proxy.stop() }

        let answer = try await text(
            HTTPClientRequest(url: "http://upstream.invalid:8080/", proxy: proxy.url(user: "anna:pass%40word")))

        #expect(answer == "it, anna:pass@word, upstream.invalid:8080, connection 1")
    }

    @Test func `transfers with different proxies never share a connection`() async throws {
        let first = try SOCKSProxy(name: "first")
        let second = try SOCKSProxy(name: "second")
        defer {
            first.stop()
            second.stop()
        }
        let url = "http://upstream.invalid/"

        for _ in 1...3 {
            let one = try await text(HTTPClientRequest(url: url, proxy: first.url(user: "anna:1")))
            #expect(one == "first, anna:1, upstream.invalid:80, connection 1")
            let other = try await text(HTTPClientRequest(url: url, proxy: second.url(user: "anna:1")))
            #expect(other == "second, anna:1, upstream.invalid:80, connection 1")
        }
    }

    @Test func `users of one proxy never share a connection`() async throws {
        let proxy = try SOCKSProxy(name: "it")
        defer { proxy.stop() }
        let url = "http://upstream.invalid/"

        for _ in 1...3 {
            let one = try await text(HTTPClientRequest(url: url, proxy: proxy.url(user: "anna:1")))
            #expect(one == "it, anna:1, upstream.invalid:80, connection 1")
            let other = try await text(HTTPClientRequest(url: url, proxy: proxy.url(user: "bert:1")))
            #expect(other == "it, bert:1, upstream.invalid:80, connection 2")
            let third = try await text(HTTPClientRequest(url: url, proxy: proxy.url(user: "anna:2")))
            #expect(third == "it, anna:2, upstream.invalid:80, connection 3")
        }
    }

    @Test func `an HTTP proxy is asked with the whole URL and its own credentials`() async throws {
        let seen = Occurrence(of: RawConnection.Request.self)
        let proxy = try RawServer { connection in
            while let request = connection.readRequest() {
                seen.report(request)
                connection.answer("proxied")
            }
        }
        defer { proxy.stop() }

        let answer = try await text(
            HTTPClientRequest(
                url: "http://upstream.invalid/path", headers: [("Authorization", "Bearer secret")],
                proxy: "http://anna:1@127.0.0.1:\(proxy.port)"))
        let request = try #require(await seen.next())

        #expect(answer == "proxied")
        #expect(request.line == "GET http://upstream.invalid/path HTTP/1.1")
        #expect(request.headers["proxy-authorization"] == "Basic YW5uYTox")
    }
}
