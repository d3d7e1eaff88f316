import Dispatch
import Glibc
import Testing

@testable import Core

/// What is asked and answered; ends and refusals are in the suites beside it.
@Suite(.timeLimit(.minutes(2))) struct HTTPClientTests {
    private let client = HTTPClient.shared

    @Test(arguments: [("GET", nil), ("POST", [UInt8]("a body\u{0} with a NUL".utf8)), ("POST", []), ("DELETE", nil)])
    func `a request reaches the server with its method, headers and body`(method: String, body: [UInt8]?) async throws {
        let seen = Occurrence(of: RawConnection.Request.self)
        let server = try RawServer { connection in
            guard let request = connection.readRequest() else { return }
            seen.report(request)
            connection.write("HTTP/1.1 201 Created\r\nX-Two: 1\r\nx-two:  2 \r\nContent-Length: 2\r\n\r\nok")
        }
        defer { server.stop() }

        let response = try await client.send(
            HTTPClientRequest(
                method: method, url: server.url + "/path?q=1", headers: [("X-One", "eins"), ("X-One", "zwei")],
                body: body))
        let request = try #require(await seen.next())

        #expect(request.line == "\(method) /path?q=1 HTTP/1.1")
        #expect(request.headers["x-one"] == "zwei")
        #expect(request.headers["expect"] == nil)
        #expect(request.headers["content-length"] == body.map { "\($0.count)" })
        #expect(request.body == body ?? [])
        #expect(response.status == 201)
        #expect(response.headers(named: "x-TWO") == ["1", "2"])
        #expect(try await response.collect(upTo: 2) == Array("ok".utf8))
    }

    @Test func `pieces arrive as they are sent`() async throws {
        let taken = DispatchSemaphore(value: 0)
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for number in 1...3 {
                // The next piece is sent only after the one before it was read at the other end.
                guard taken.wait(timeout: .now() + 20) == .success else { return }
                connection.write("6\r\npiece\(number)\r\n")
            }
            connection.write("0\r\n\r\n")
        }
        defer { server.stop() }

        let response = try await client.send(HTTPClientRequest(url: server.url))
        var pieces: [String] = []
        taken.signal()
        while let piece = try await response.next() {
            pieces.append(String(decoding: piece, as: UTF8.self))
            taken.signal()
        }

        #expect(pieces == ["piece1", "piece2", "piece3"])
    }

    @Test func `many bodies that come in pieces are whole, broken off or left, each by itself`() async throws {
        let pieces = 30
        let server = try RawServer { connection in
            guard let request = connection.readRequest(), let number = Self.number(of: request) else { return }
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for piece in 0..<pieces {
                if number % 5 == 1, piece == 20 { return }
                connection.write("2\r\n\(10 + piece)\r\n")
                // In all longer than the 200 ms after which libcurl looks at a new connection by itself.
                usleep(15_000)
            }
            connection.write("0\r\n\r\n")
        }
        defer { server.stop() }
        let whole = (0..<pieces).map { "\(10 + $0)" }.joined()

        let wrong = await withTaskGroup(of: Int?.self) { group -> [Int] in
            for number in 0..<100 {
                group.addTask { [client] in
                    var text = ""
                    do {
                        // After 10 s libcurl would look by itself, and hide what was overlooked.
                        let response = try await client.send(
                            HTTPClientRequest(url: "\(server.url)/\(number)", idleTimeout: .seconds(5)))
                        while let piece = try await response.next() {
                            text += String(decoding: piece, as: UTF8.self)
                            if number % 5 == 2, text.count > 20 { return whole.hasPrefix(text) ? nil : number }
                        }
                    } catch {
                        return number % 5 == 1 && text == whole.prefix(40) ? nil : number
                    }
                    return number % 5 != 1 && text == whole ? nil : number
                }
            }
            return await group.reduce(into: [Int]()) { wrong, number in if let number { wrong.append(number) } }
        }

        #expect(wrong.isEmpty)
    }

    private static func number(of request: RawConnection.Request) -> Int? {
        Int(request.line.split(separator: " ")[1].dropFirst())
    }

    @Test func `two hundred requests at once get their own answers`() async throws {
        let server = try RawServer { connection in
            while let request = connection.readRequest() {
                connection.answer(String(request.line.split(separator: " ")[1]))
            }
        }
        defer { server.stop() }

        let wrong = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask { [client] in
                    let response = try await client.send(HTTPClientRequest(url: "\(server.url)/\(number)"))
                    return try await response.collect(upTo: 100) == Array("/\(number)".utf8)
                }
            }
            return try await group.reduce(into: 0) { wrong, isRight in wrong += isRight ? 0 : 1 }
        }

        #expect(wrong == 0)
    }

    @Test func `an upstream waits for a reader that takes nothing, and nothing is lost`() async throws {
        let body = (0..<(8 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 13) }
        let stalled = Occurrence(of: Int.self)
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
            let sent = connection.writeUntilStalled(body)
            stalled.report(sent)
            connection.write(Array(body[sent...]))
            _ = connection.waitForClose()
        }
        defer { server.stop() }

        let response = try await client.send(HTTPClientRequest(url: server.url))
        let sent = try #require(await stalled.next())
        let received = try await response.collect(upTo: body.count)

        // What the kernel buffers and the client together may hold.
        #expect(sent < 4 << 20)
        #expect(received == body)
    }

    @Test func `a redirect is an answer like any other`() async throws {
        let server = try RawServer { connection in
            while connection.readRequest() != nil {
                connection.answer("", status: "302 Found", headers: "Location: /elsewhere")
            }
        }
        defer { server.stop() }

        let response = try await client.send(
            HTTPClientRequest(url: server.url, headers: [("Authorization", "Bearer secret")]))

        #expect(response.status == 302)
        #expect(response.header("location") == "/elsewhere")
        #expect(try await response.next() == nil)
        #expect(server.connections == 1)
    }

    @Test func `an interim answer is not taken for the head`() async throws {
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n")
            connection.answer("late")
        }
        defer { server.stop() }

        let response = try await client.send(HTTPClientRequest(url: server.url))

        #expect(response.status == 200)
        #expect(response.header("X-Early") == nil)
        #expect(try await response.collect(upTo: 10) == Array("late".utf8))
    }
}
