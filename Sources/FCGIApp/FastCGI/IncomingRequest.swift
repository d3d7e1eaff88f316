import Core
import HTTPTypes

/// A request as its parameters describe it, still without its body.
struct IncomingRequest {
    var request: Request
    /// What the caller says about the size of the body, in bytes; nil if nothing.
    var declaredLength: Int?
    /// Why it cannot be handed on; `request` is then only good for the log.
    var refusal: TransportRefusal?

    init(_ parameters: FCGIParameters) {
        let method = HTTPRequest.Method(rawValue: parameters[.method] ?? "")
        let path = parameters[.documentURI] ?? parameters[.scriptName] ?? ""
        request = Request(
            id: Self.requestID(parameters[.requestID]), method: method ?? .get, path: path,
            query: parameters[.query] ?? "",
            host: parameters.fields.first { $0.name == "HOST" }?.value ?? "", headers: Self.headers(parameters),
            remoteAddress: parameters[.remoteAddress] ?? "")

        let length = parameters[.contentLength] ?? ""
        declaredLength = Self.length(length)
        let isWhole =
            !parameters.hasTooManyFields && !parameters.hasInvalidText && (length.isEmpty || declaredLength != nil)
        if parameters.isTooLarge { refusal = .headersTooLarge }
        if method == nil || !Self.isAcceptable(path) || !isWhole { refusal = .malformedRequest }
    }

    /// A path of at least "/" without control characters, which nginx lets through when they come escaped.
    private static func isAcceptable(_ path: String) -> Bool {
        path.utf8.first == UInt8(ascii: "/") && path.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    /// Digits alone; `Int` would take a sign too.
    private static func length(_ text: String) -> Int? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
    }

    /// nginx's `$request_id`, or a random one where it is absent or could not go into a log line.
    private static func requestID(_ given: String?) -> String {
        if let given, (8...64).contains(given.utf8.count), given.utf8.allSatisfy(isIDByte) { return given }
        var random = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let part = String(UInt32.random(in: 0 ... .max, using: &random), radix: 16)
            return String(repeating: "0", count: 8 - part.utf8.count) + part
        }.joined()
    }

    private static func isIDByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func headers(_ parameters: FCGIParameters) -> HTTPFields {
        var headers = HTTPFields()
        if let type = parameters[.contentType], !type.isEmpty { headers[.contentType] = type }
        for field in parameters.fields {
            // Programs take the variable HTTP_PROXY for their proxy setting (httpoxy, CVE-2016-5385).
            // The body's type and length have variables of their own.
            if ["PROXY", "HOST", "CONTENT_TYPE", "CONTENT_LENGTH"].contains(field.name) { continue }
            let name = String(
                decoding: field.name.utf8.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0 }, as: UTF8.self)
            guard let name = HTTPField.Name(name) else { continue }
            headers.append(HTTPField(name: name, value: field.value))
        }
        return headers
    }
}
