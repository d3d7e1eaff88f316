/// An upstream's answer: its head, and its body as it comes.
///
/// Ends the exchange with its last use: a body that was not read to its end is not waited for.
package final class HTTPClientResponse: Sendable {
    package let status: Int
    private let head: [UInt8]
    private let transfer: HTTPTransfer

    init(head: HTTPTransfer.Head, transfer: HTTPTransfer) {
        status = head.status
        self.head = head.bytes
        self.transfer = transfer
    }

    deinit { transfer.cancel() }

    /// The first value of a header, whatever the case of its name.
    package func header(_ name: String) -> String? { headers(named: name).first }

    /// All values of a header in their order.
    package func headers(named name: String) -> [String] {
        let name = name.utf8
        var values: [String] = []
        var line = head[...]
        // The first line is that of the status.
        while let feed = line.firstIndex(of: 0x0A) {
            line = line[(feed + 1)...]
            guard line.count > name.count, line[line.startIndex + name.count] == UInt8(ascii: ":"),
                line.prefix(name.count).elementsEqual(name, by: { Self.lowercased($0) == Self.lowercased($1) })
            else { continue }
            let value = line.prefix { $0 != 0x0A }.dropFirst(name.count + 1).drop(while: Self.isSpace)
            let end = value.lastIndex { !Self.isSpace($0) }.map { $0 + 1 } ?? value.startIndex
            values.append(String(decoding: value[..<end], as: UTF8.self))
        }
        return values
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

    /// The next piece of the body as soon as it has come, nil at its clean end.
    ///
    /// Pieces that came in the meantime are joined. Cancelling the task closes the connection. An empty piece says
    /// that ``wake()`` was called.
    package func next() async throws(HTTPClientError) -> [UInt8]? { try await transfer.next() }

    /// The same, but for pieces that come while it waits and that `tap` takes.
    func next(_ tap: BodyTap?) async throws(HTTPClientError) -> [UInt8]? { try await transfer.next(tap) }

    /// The rest of the body.
    ///
    /// - Throws: `tooLarge` beyond `limit` bytes; the connection is closed then.
    package func collect(upTo limit: Int) async throws(HTTPClientError) -> [UInt8] {
        var body: [UInt8] = []
        while let piece = try await next() {
            body += piece
            guard body.count <= limit else {
                cancel()
                throw HTTPClientError(kind: .tooLarge, detail: "more than \(limit) bytes", wasSent: true)
            }
        }
        return body
    }

    /// Closes the connection at once.
    package func cancel() { transfer.cancel() }

    /// Makes a task that waits in ``next()`` go on with an empty piece.
    package func wake() { transfer.wake() }
}

/// Takes pieces of a body on the loop, in place of the task that waits for them.
///
/// Unchecked: it is called under the transfer's lock and only while that task waits, which must be the one that has what
/// `take` changes.
struct BodyTap: @unchecked Sendable {
    /// Takes all of a piece or nothing; what it does not take wakes the task.
    let take: (UnsafeRawBufferPointer) -> Bool
}
