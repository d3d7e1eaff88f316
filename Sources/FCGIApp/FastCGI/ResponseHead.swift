import Core
import HTTPTypes

/// The head of a CGI response (RFC 3875, section 6): `Status`, fields, empty line.
struct ResponseHead {
    private(set) var bytes: [UInt8] = []
    /// The names of fields that were left out because their value holds a control character.
    private(set) var refusedFields: [String] = []

    /// The transport alone knows what these must be.
    private static let ownFields: Set<String> = ["status", "content-length", "transfer-encoding", "connection"]

    /// Makes the head of `response`.
    ///
    /// A control character in a value would be a way to smuggle in a field: nginx takes a bare line feed as the
    /// end of one. Such fields are left out and named in ``refusedFields``.
    ///
    /// - Parameter contentLength: The length of the body that a GET would get, if known.
    init(_ response: Response, contentLength: Int?) {
        bytes.reserveCapacity(512)
        let reason = response.status.reasonPhrase
        append("Status: \(response.status.code)\(Self.isPlain(reason) && !reason.isEmpty ? " \(reason)" : "")\r\n")
        for field in response.headers {
            guard !Self.ownFields.contains(field.name.canonicalName) else { continue }
            let isPlain = field.withUnsafeBytesOfValue { $0.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }
            guard isPlain else {
                refusedFields.append(field.name.canonicalName)
                continue
            }
            append(field.name.rawName)
            append(": ")
            field.withUnsafeBytesOfValue { bytes.append(contentsOf: $0) }
            append("\r\n")
        }
        if let contentLength, response.status.code != 204 { append("Content-Length: \(contentLength)\r\n") }
        append("\r\n")
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private static func isPlain(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }
}
