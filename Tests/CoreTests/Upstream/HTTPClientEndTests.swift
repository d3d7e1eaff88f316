import Testing

@testable import Core

/// How an exchange ends when it does not end well.
@Suite(.timeLimit(.minutes(2))) struct HTTPClientEndTests {
    private let client = HTTPClient.shared

    /// The error of an exchange that is read to its end, nil if it ended well.
    private func failure(of request: HTTPClientRequest) async -> HTTPClientError? {
        do throws(HTTPClientError) {
            let response = try await client.send(request)
            while try await response.next() != nil {}
            return nil
        } catch {
            return error
        }
    }

    @Test func `cancelling before the head closes the connection`() async throws {
        let asked = Occurrence(of: Bool.self)
        let closed = Occurrence(of: Bool.self)
        let server = try RawServer { connection in
            asked.report(connection.readRequest() != nil)
            closed.report(connection.waitForClose())
        }
        defer { server.stop() }

        let task = Task { await failure(of: HTTPClientRequest(url: server.url)) }
        #expect(await asked.next() == true)
        task.cancel()

        #expect(await closed.next() == true)
        #expect(await task.value?.kind == .cancelled)
    }

    @Test func `cancelling in the middle of a body closes the connection`() async throws {
        let closed = Occurrence(of: Bool.self)
        let hasPiece = Occurrence(of: Bool.self)
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            closed.report(connection.waitForClose())
        }
        defer { server.stop() }

        let task = Task { () -> HTTPClientError.Kind? in
            do throws(HTTPClientError) {
                let response = try await client.send(HTTPClientRequest(url: server.url))
                hasPiece.report(try await response.next() != nil)
                _ = try await response.next()
                return nil
            } catch { return error.kind }
        }
        #expect(await hasPiece.next() == true)
        task.cancel()

        #expect(await closed.next() == true)
        #expect(await task.value == .cancelled)
    }

    @Test func `a task that was cancelled before it starts gets no answer`() async throws {
        let server = try RawServer { connection in
            while connection.readRequest() != nil { _ = connection.waitForClose() }
        }
        defer { server.stop() }

        let task = Task { () -> HTTPClientError? in
            while !Task.isCancelled { await Task.yield() }
            return await failure(of: HTTPClientRequest(url: server.url))
        }
        task.cancel()

        #expect(await task.value?.kind == .cancelled)
    }

    @Test func `an answer that nobody reads any more closes the connection`() async throws {
        let closed = Occurrence(of: Bool.self)
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            closed.report(connection.waitForClose())
        }
        defer { server.stop() }

        var response: HTTPClientResponse? = try await client.send(HTTPClientRequest(url: server.url))
        #expect(response?.status == 200)
        response = nil

        #expect(await closed.next() == true)
    }

    @Test(arguments: [
        "Content-Length: 100\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "Transfer-Encoding: chunked\r\n\r\n10\r\nhalf",
    ])
    func `a body that ends too early is not taken for a whole one`(answer: String) async throws {
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\n" + answer)
        }
        defer { server.stop() }

        let response = try await client.send(HTTPClientRequest(url: server.url))
        let error = await #expect(throws: HTTPClientError.self) { try await response.collect(upTo: 1000) }

        #expect(error?.kind == .truncated || error?.kind == .reset)
        #expect(error?.wasSent == true)
    }

    @Test(arguments: [false, true])
    func `a connection that is closed without an answer is a reset`(hard: Bool) async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            if hard { connection.resetOnClose() }
        }
        defer { server.stop() }

        let error = await failure(of: HTTPClientRequest(url: server.url))

        #expect(error?.kind == .reset)
        #expect(error?.wasSent == true)
    }

    @Test func `a refused connection says that nothing was sent`() async throws {
        let port = try RefusedPort()
        defer { port.close() }

        let error = await failure(of: HTTPClientRequest(method: "POST", url: port.url, body: [1, 2, 3]))

        #expect(error?.kind == .connect)
        #expect(error?.wasSent == false)
    }

    @Test func `an answer that does not begin in time ends by the first-byte limit`() async throws {
        let closed = Occurrence(of: Bool.self)
        let server = try RawServer { connection in
            _ = connection.readRequest()
            closed.report(connection.waitForClose())
        }
        defer { server.stop() }

        let error = await failure(of: HTTPClientRequest(url: server.url, firstByteTimeout: .milliseconds(50)))

        #expect(error?.kind == .timeoutFirstByte)
        #expect(error?.wasSent == true)
        #expect(await closed.next() == true)
    }

    @Test func `a body that stalls ends by the idle limit`() async throws {
        let closed = Occurrence(of: Bool.self)
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            closed.report(connection.waitForClose())
        }
        defer { server.stop() }

        let error = await failure(of: HTTPClientRequest(url: server.url, idleTimeout: .milliseconds(50)))

        #expect(error?.kind == .timeoutIdle)
        #expect(await closed.next() == true)
    }

    @Test func `a total limit ends a body that goes on and on`() async throws {
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\n\r\n")
            while connection.write([UInt8](repeating: 0x61, count: 1024)) {}
        }
        defer { server.stop() }

        let error = await failure(of: HTTPClientRequest(url: server.url, totalTimeout: .milliseconds(300)))

        #expect(error?.kind == .timeoutTotal)
    }

    @Test func `a head beyond its limit is refused`() async throws {
        let closed = Occurrence(of: Bool.self)
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\n")
            let line = "X-Filler: " + String(repeating: "a", count: 1000) + "\r\n"
            for _ in 0..<100 where !connection.write(line) { break }
            closed.report(connection.waitForClose())
        }
        defer { server.stop() }

        #expect(await failure(of: HTTPClientRequest(url: server.url))?.kind == .tooLarge)
        #expect(await closed.next() == true)
    }

    @Test func `a body beyond the reader's limit closes the connection`() async throws {
        let closed = Occurrence(of: Bool.self)
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789A")
            closed.report(connection.waitForClose())
        }
        defer { server.stop() }

        let response = try await client.send(HTTPClientRequest(url: server.url))
        let error = await #expect(throws: HTTPClientError.self) { try await response.collect(upTo: 10) }

        #expect(error?.kind == .tooLarge)
        #expect(await closed.next() == true)
    }

    @Test(arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "\u{0}\u{1}\u{2}\u{3}\u{4}\u{5}", "HTTP/1.1 twohundred\r\n\r\n"])
    func `an answer that is not HTTP is a protocol error`(answer: String) async throws {
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write(answer)
        }
        defer { server.stop() }

        let error = await failure(of: HTTPClientRequest(url: server.url))

        #expect(error?.kind == .protocolError)
        #expect(error?.wasSent == true)
    }

    @Test(arguments: [
        HTTPClientRequest(url: "/a b\r\nX: 1"), HTTPClientRequest(method: "GET / HTTP/1.1\r\n", url: ""),
        HTTPClientRequest(url: "", headers: [("X", "1\r\nY: 2")]), HTTPClientRequest(url: "", headers: [("X\n", "1")]),
        HTTPClientRequest(url: "", headers: [("X", "1\u{0}")]), HTTPClientRequest(url: "", headers: [("X: 1", "")]),
        HTTPClientRequest(url: "", headers: [("", "1")]),
    ])
    func `what could end a line of the head early is refused before anything is sent`(
        request: HTTPClientRequest
    ) async throws {
        let server = try RawServer { connection in connection.answer("") }
        defer { server.stop() }
        var request = request
        request.url = server.url + request.url

        let error = await failure(of: request)

        #expect(error?.kind == .invalidURL)
        #expect(error?.wasSent == false)
        #expect(server.connections == 0)
    }

    @Test(arguments: ["file:///etc/hostname", "ftp://127.0.0.1/x", "not a url", "http://"])
    func `only addresses of HTTP are opened`(url: String) async {
        #expect(await failure(of: HTTPClientRequest(url: url))?.kind == .invalidURL)
    }
}
