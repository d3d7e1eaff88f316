import Testing

@testable import Core

struct EventStreamReaderTests {
    private func event(_ data: String, name: String = "message") -> EventStreamReader.Event {
        EventStreamReader.Event(name: name, data: Array(data.utf8))
    }

    /// The events of `pieces`, those of the end included.
    private func read(_ pieces: [[UInt8]]) throws -> [EventStreamReader.Event] {
        var reader = EventStreamReader()
        var events: [EventStreamReader.Event] = []
        for piece in pieces { events += try reader.feed(piece) }
        if let last = reader.finish() { events.append(last) }
        return events
    }

    @Test(arguments: ["\n", "\r", "\r\n"])
    func `events are the same wherever the stream is cut and however its lines end`(lineEnd: String) throws {
        let lines = [
            "\u{FEFF}data: first", "", ": a comment", "event: delta", "id: 7", "data:{\"text\": \"é😀\"}", "data:  two",
            "",
            "", "event: without data", "", "data", "", "data: [DONE]", "",
        ]
        let bytes = Array((lines.joined(separator: lineEnd) + lineEnd).utf8)
        let expected = [
            event("first"), event("{\"text\": \"é😀\"}\n two", name: "delta"), event(""), event("[DONE]"),
        ]

        #expect(try read([bytes]) == expected)
        #expect(try read(bytes.map { [$0] }) == expected)
        for cut in 1..<bytes.count {
            #expect(try read([Array(bytes[..<cut]), [], Array(bytes[cut...])]) == expected, "cut at \(cut)")
        }
    }

    @Test func `an event is given as soon as its blank line is here`() throws {
        var reader = EventStreamReader()

        #expect(try reader.feed(Array("data: a\r\n".utf8)) == [])
        #expect(try reader.feed(Array("\r".utf8)) == [event("a")])
        #expect(try reader.feed(Array("\ndata: b\n\n".utf8)) == [event("b")])
        #expect(reader.finish() == nil)
    }

    @Test(arguments: ["data: last", "data: last\n", "data: la\rdata: st"])
    func `a stream without a blank line at its end still gives its last event`(text: String) throws {
        let expected = text.contains("\r") ? "la\nst" : "last"
        #expect(try read([Array(text.utf8)]) == [event(expected)])
    }

    @Test func `a byte order mark counts at the start only`() throws {
        #expect(try read([Array("data: a\n\n\u{FEFF}data: b\n\n".utf8)]) == [event("a")])
    }

    @Test(arguments: [String(repeating: "a", count: 101), String(repeating: "data: 0123456789\n", count: 20)])
    func `a line or an event beyond the limit is refused`(text: String) {
        var reader = EventStreamReader(limit: 100)
        #expect(throws: EventStreamReader.TooLarge.self) { try reader.feed(Array(text.utf8)) }
    }

    @Test func `many small events do not add up to the limit`() throws {
        var reader = EventStreamReader(limit: 100)
        let events = try reader.feed(Array(String(repeating: "data: 0123456789\n\n", count: 100).utf8))
        #expect(events.count == 100)
    }
}
