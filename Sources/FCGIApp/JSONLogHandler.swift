import Core
import Glibc
import Logging

/// The program's log: one JSON object a line on standard error, see ``LogLines``.
struct JSONLogHandler: LogHandler {
    let label: String
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line: [UInt8] = []
        line.reserveCapacity(512)
        func add(_ name: String, _ value: String) {
            line.append(UInt8(ascii: line.isEmpty ? "{" : ","))
            JSON.write(name, to: &line)
            line.append(UInt8(ascii: ":"))
            JSON.write(value, to: &line)
        }
        add("at", Timestamp.now.rfc3339)
        add("level", event.level.rawValue)
        add("message", event.message.description)
        line.append(contentsOf: ",\"process\":\(getpid())".utf8)
        var fields = event.metadata ?? metadata
        if event.metadata != nil, !metadata.isEmpty { fields.merge(metadata) { own, _ in own } }
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) where !Self.own.contains(name) {
            if case .string(let text) = value { add(name, text) } else { add(name, "\(value)") }
        }
        line.append(contentsOf: "}\n".utf8)
        LogLines.shared.add(line, level: event.level)
    }

    /// The members of each line, which no metadata may have the names of.
    private static let own = ["at", "level", "message", "process"]
}
