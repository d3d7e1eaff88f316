import HTTPTypes

/// Writes server-sent events to a caller; those that are here at the same time go out with one write.
package struct EventStream {
    /// After so long without anything a comment is sent, so that nobody on the way hangs up.
    package static let silence = Duration.seconds(15)

    static let contentType = "text/event-stream; charset=utf-8"

    private let writer: any BodyWriter
    /// Events that wait for the next write.
    private var pending: [UInt8] = []
    /// All events so far, where they are kept for a repeat.
    private(set) var kept: [UInt8]?

    package init(_ writer: any BodyWriter, isKept: Bool = false) {
        self.writer = writer
        kept = isKept ? [] : nil
    }

    /// A response whose body is what `body` sends.
    ///
    /// - Parameter notices: What is known of limits goes into the head.
    package static func response(
        notices: TurnNotices? = nil, _ body: @escaping @Sendable (any BodyWriter) async throws -> Void
    ) -> Response {
        var response = Response(status: .ok, body: .stream(body))
        response.headers[.contentType] = contentType
        response.headers[.cacheControl] = "no-store"
        // Without it nginx collects pieces before it sends them on.
        response.headers[.accelBuffering] = "no"
        response.headers.add(notices?.notice)
        return response
    }

    /// Waits for `work`, for which one ``silence`` has been waited already, with a comment after each.
    mutating func value<Value>(of work: Pending<Value>) async throws -> sending Value {
        while true {
            if !work.hasEnded { try await comment() }
            if let value = try await work.value(within: Self.silence) { return value }
        }
    }

    /// Sends a comment.
    mutating func comment() async throws {
        pending += ": keep-alive\n\n".utf8
        try await flush()
    }

    /// Keeps a named event for the next write.
    mutating func add(_ name: StaticString, _ data: JSON) {
        add { output in
            output += "event: \(name)\ndata: ".utf8
            data.write(to: &output)
        }
    }

    /// Keeps an event without a name, as the OpenAI API has them, for the next write.
    mutating func add(_ data: JSON) {
        add { output in
            output += "data: ".utf8
            data.write(to: &output)
        }
    }

    /// Keeps an event that `write` writes, without the blank line at its end, for the next write.
    mutating func add(_ write: (inout [UInt8]) -> Void) {
        let start = pending.count
        write(&pending)
        pending += [0x0A, 0x0A]
        kept? += pending[start...]
    }

    /// Sends whole events beside those that are added here; see ``BodyWriter/writeAtOnce(_:)``.
    var writeAtOnce: ([UInt8]) -> Bool { { [writer] in writer.writeAtOnce($0) } }

    /// Sends what was kept, with one write, unless another event is here and may go along.
    mutating func flush(unless isFollowed: Bool = false) async throws {
        guard !pending.isEmpty, !isFollowed || pending.count >= 8000 else { return }
        let bytes = pending
        pending = []
        try await writer.write(bytes)
    }
}
