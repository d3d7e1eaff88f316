/// The FastCGI parameters of one request that we use, within bounds.
struct FCGIParameters {
    /// The most header fields and the most bytes of names and values together that are kept.
    static let maxFields = 200
    static let maxBytes = 128 << 10

    /// The CGI variables of `wanted` that were sent; of a repeated one the last.
    private(set) var variables: [String: String] = [:]
    /// The header fields in their order, repeated ones too, with names such as `USER_AGENT`.
    private(set) var fields: [(name: String, value: String)] = []
    /// Whether something was left out because there were too many bytes.
    private(set) var isTooLarge = false
    /// Whether something was left out because there were too many header fields.
    private(set) var hasTooManyFields = false
    /// Whether a variable was not UTF-8.
    private(set) var hasInvalidText = false
    private var size = 0

    private static let wanted: Set<String> = [
        "REQUEST_METHOD", "DOCUMENT_URI", "SCRIPT_NAME", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH",
        "REMOTE_ADDR", "REQUEST_ID",
    ]

    init() {}

    /// Adds one parameter as libfcgi stores it: `NAME=value`.
    mutating func add(_ entry: UnsafeBufferPointer<UInt8>) {
        guard let equals = entry.firstIndex(of: UInt8(ascii: "=")) else { return }
        let name = String(decoding: entry[..<equals], as: UTF8.self)
        let isField = name.hasPrefix("HTTP_")
        guard isField || Self.wanted.contains(name) else { return }
        size += entry.count
        isTooLarge = isTooLarge || size > Self.maxBytes
        hasTooManyFields = hasTooManyFields || fields.count >= Self.maxFields
        guard !isTooLarge, !hasTooManyFields else { return }
        let bytes = entry[(equals + 1)...]
        if isField {
            fields.append((String(name.dropFirst(5)), String(decoding: bytes, as: UTF8.self)))
        } else if let value = String(validating: bytes, as: UTF8.self) {
            variables[name] = value
        } else {
            hasInvalidText = true
        }
    }

    mutating func add(name: String, value: String) {
        Array("\(name)=\(value)".utf8).withUnsafeBufferPointer { add($0) }
    }
}
