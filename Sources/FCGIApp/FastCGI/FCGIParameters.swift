import Glibc

/// The FastCGI parameters of one request that we use, within bounds.
struct FCGIParameters {
    /// The most header fields and the most bytes of names and values together that are kept.
    static let maxFields = 200
    static let maxBytes = 128 << 10

    /// The CGI variables that we use.
    enum Variable: Int, CaseIterable {
        case method, documentURI, scriptName, query, contentType, contentLength, remoteAddress, requestID

        fileprivate var name: StaticString {
            switch self {
            case .method: "REQUEST_METHOD"
            case .documentURI: "DOCUMENT_URI"
            case .scriptName: "SCRIPT_NAME"
            case .query: "QUERY_STRING"
            case .contentType: "CONTENT_TYPE"
            case .contentLength: "CONTENT_LENGTH"
            case .remoteAddress: "REMOTE_ADDR"
            case .requestID: "REQUEST_ID"
            }
        }
    }

    private static let all = Variable.allCases
    private var values: [String?] = Array(repeating: nil, count: all.count)
    /// The header fields in their order, repeated ones too, with names such as `USER_AGENT`.
    private(set) var fields: [(name: String, value: String)] = []
    /// Whether something was left out because there were too many bytes.
    private(set) var isTooLarge = false
    /// Whether something was left out because there were too many header fields.
    private(set) var hasTooManyFields = false
    /// Whether a variable was not UTF-8.
    private(set) var hasInvalidText = false
    private var size = 0

    init() {}

    /// The variable, if it was sent; of a repeated one the last.
    subscript(variable: Variable) -> String? { values[variable.rawValue] }

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
        let isField = Self.isSame(name.prefix(5), "HTTP_")
        let variable = isField ? nil : Self.all.first { Self.isSame(name[...], $0.name) }
        guard isField || variable != nil else { return }
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
            fields.append((String(decoding: name.dropFirst(5), as: UTF8.self), String(decoding: value, as: UTF8.self)))
        } else if let variable, let value = String(validating: value, as: UTF8.self) {
            values[variable.rawValue] = value
        } else {
            hasInvalidText = true
        }
    }

    private static func isSame(_ bytes: Slice<UnsafeBufferPointer<UInt8>>, _ name: StaticString) -> Bool {
        guard let start = bytes.base.baseAddress, bytes.count == name.utf8CodeUnitCount else { return false }
        return memcmp(start + bytes.startIndex, name.utf8Start, bytes.count) == 0
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
