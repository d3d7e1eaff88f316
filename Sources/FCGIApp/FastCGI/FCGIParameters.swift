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

    /// Reads the pairs of `encoded` (FastCGI specification 1.0, section 3.4); false if they are not well-formed.
    mutating func add(encoded: [UInt8]) -> Bool {
        encoded.withUnsafeBufferPointer { bytes in
            var position = 0
            while position < bytes.count {
                guard let name = Self.length(in: bytes, at: &position),
                    let value = Self.length(in: bytes, at: &position), bytes.count - position >= name + value
                else { return false }
                let middle = position + name
                add(
                    name: UnsafeBufferPointer(rebasing: bytes[position..<middle]),
                    value: UnsafeBufferPointer(rebasing: bytes[middle..<(middle + value)]))
                position = middle + value
            }
            return true
        }
    }

    /// Says that there was more than could be kept.
    mutating func setTooLarge() { isTooLarge = true }

    mutating func add(name: String, value: String) {
        let (name, value) = (Array(name.utf8), Array(value.utf8))
        name.withUnsafeBufferPointer { name in value.withUnsafeBufferPointer { add(name: name, value: $0) } }
    }

    private mutating func add(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
        let text = String(decoding: name, as: UTF8.self)
        let isField = text.hasPrefix("HTTP_")
        guard isField || Self.wanted.contains(text) else { return }
        size += name.count + value.count + 1
        isTooLarge = isTooLarge || size > Self.maxBytes
        hasTooManyFields = hasTooManyFields || fields.count >= Self.maxFields
        guard !isTooLarge, !hasTooManyFields else { return }
        // No C program behind a web server reads further than a NUL.
        guard !value.contains(0) else {
            hasInvalidText = true
            return
        }
        if isField {
            fields.append((String(text.dropFirst(5)), String(decoding: value, as: UTF8.self)))
        } else if let value = String(validating: value, as: UTF8.self) {
            variables[text] = value
        } else {
            hasInvalidText = true
        }
    }

    /// One byte, or four of which the first has its highest bit set.
    private static func length(in bytes: UnsafeBufferPointer<UInt8>, at position: inout Int) -> Int? {
        guard position < bytes.count else { return nil }
        let first = Int(bytes[position])
        guard first >= 0x80 else {
            position += 1
            return first
        }
        guard bytes.count - position >= 4 else { return nil }
        defer { position += 4 }
        return bytes[position..<(position + 4)].dropFirst().reduce(first & 0x7F) { $0 << 8 | Int($1) }
    }
}
