import Core
import Glibc
import Logging

/// The program's log: one JSON object a line on standard error.
///
/// Writes each line with one system call, so that lines of several workers do not mix.
struct JSONLogHandler: LogHandler {
    let label: String
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = JSONObject()
        line["at"] = JSON(Timestamp.now.rfc3339)
        line["level"] = JSON(event.level.rawValue)
        line["message"] = JSON("\(event.message)")
        line["process"] = JSON(Int(getpid()))
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted(by: {
            $0.key < $1.key
        }) {
            line[key] = JSON("\(value)")
        }
        let bytes = JSON.object(line).bytes + [0x0A]
        _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }
}
