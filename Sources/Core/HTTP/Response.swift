import HTTPTypes

/// What goes back to the caller: a status, header fields, and bytes or a closure that writes them.
package struct Response: Sendable {
    package typealias Status = HTTPResponse.Status

    package enum Body: Sendable {
        case bytes([UInt8])
        /// Called once; the head goes out with the first piece that it writes. Its task is cancelled when the caller
        /// leaves. A failure can be told in what it writes only: the status is settled.
        case stream(@Sendable (any BodyWriter) async throws -> Void)
    }

    package var status: Status
    package var headers: HTTPFields
    package var body: Body

    package init(status: Status, headers: HTTPFields = [:], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Takes the pieces of a streamed body, in order, one at a time.
package protocol BodyWriter: Sendable {
    /// Sends `bytes` at once and returns when the transport has taken them, so a slow reader slows the writer.
    ///
    /// A large piece is given away by who writes it, so that it takes no memory while a slow reader takes it.
    ///
    /// - Throws: `CancellationError` when the caller is gone; nothing more can be sent then.
    func write(_ bytes: consuming [UInt8]) async throws

    /// Sends all of `bytes` at once, on the loop and while nothing else is being written; false where that cannot be,
    /// and nothing was sent then.
    func writeAtOnce(_ bytes: [UInt8]) -> Bool
}

extension BodyWriter {
    package func writeAtOnce(_ bytes: [UInt8]) -> Bool { false }
}
