/// An upstream's answer: its head, and its body as it comes.
///
/// Ends the exchange with its last use: a body that was not read to its end is not waited for.
package final class HTTPClientResponse: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    private let transfer: HTTPTransfer

    init(head: HTTPTransfer.Head, transfer: HTTPTransfer) {
        status = head.status
        headers = head.fields
        self.transfer = transfer
    }

    deinit { transfer.cancel() }

    /// The first value of a header, whatever the case of its name.
    package func header(_ name: String) -> String? { headers(named: name).first }

    /// All values of a header in their order.
    package func headers(named name: String) -> [String] {
        let wanted = name.lowercased()
        return headers.filter { $0.name.lowercased() == wanted }.map(\.value)
    }

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
