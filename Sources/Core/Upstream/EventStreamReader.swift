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

    /// Takes the next piece and gives the events that it completes.
    package mutating func feed(_ piece: [UInt8]) throws(TooLarge) -> [Event] {
        var events: [Event] = []
        for byte in piece {
            switch byte {
            case 0x0A where endedWithReturn: endedWithReturn = false
            case 0x0A, 0x0D:
                endedWithReturn = byte == 0x0D
                if let event = endLine() { events.append(event) }
            default:
                endedWithReturn = false
                line.append(byte)
                guard line.count + data.count <= limit else { throw TooLarge() }
            }
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
