/// Reads server-sent events (WHATWG HTML, section 9.2) from pieces that may be cut anywhere.
package struct EventStreamReader: Sendable {
    package struct Event: Sendable, Equatable {
        /// The `event:` field; "message" where there was none.
        package var name: String
        /// The `data:` lines, joined by LF.
        package var data: [UInt8]
    }

    /// A line or an event grew beyond the limit.
    package struct TooLarge: Error {}

    private let limit: Int
    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var name = ""
    private var endedWithReturn = false
    private var isFirstLine = true

    /// - Parameter limit: The most bytes of one line and of one event.
    package init(limit: Int = 8 << 20) { self.limit = limit }

    /// Whether the next piece begins an event.
    var isBetweenEvents: Bool { line.isEmpty && !hasData && name.isEmpty && !endedWithReturn && !isFirstLine }

    /// Takes the next piece and gives the events that it completes.
    package mutating func feed(_ piece: [UInt8]) throws(TooLarge) -> [Event] {
        var events: [Event] = []
        var rest = piece[...]
        while let first = rest.first {
            if endedWithReturn {
                endedWithReturn = false
                if first == 0x0A {
                    rest.removeFirst()
                    continue
                }
            }
            // Whole runs at once: answers that repeat their text come to many megabytes.
            let end = rest.firstIndex { $0 == 0x0A || $0 == 0x0D }
            line += rest[..<(end ?? rest.endIndex)]
            guard line.count + data.count <= limit else { throw TooLarge() }
            guard let end else { break }
            endedWithReturn = rest[end] == 0x0D
            rest = rest[(end + 1)...]
            if let event = endLine() { events.append(event) }
        }
        return events
    }

    /// Gives the event of a stream that ended without a blank line.
    package mutating func finish() -> Event? {
        let event = line.isEmpty ? nil : endLine()
        return event ?? dispatch()
    }

    private mutating func endLine() -> Event? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        isFirstLine = false
        if line.isEmpty { return dispatch() }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.count
        var value = line.dropFirst(colon + 1)
        if value.first == 0x20 { value = value.dropFirst() }
        if line[..<colon].elementsEqual("data".utf8) {
            if hasData { data.append(0x0A) }
            data.append(contentsOf: value)
            hasData = true
        } else if line[..<colon].elementsEqual("event".utf8) {
            name = String(decoding: value, as: UTF8.self)
        }
        return nil
    }

    private mutating func dispatch() -> Event? {
        defer {
            data.removeAll(keepingCapacity: true)
            hasData = false
            name = ""
        }
        return hasData ? Event(name: name.isEmpty ? "message" : name, data: data) : nil
    }
}
