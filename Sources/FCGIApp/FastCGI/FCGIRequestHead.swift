import Core
import HTTPTypes

/// What nginx tells of a request in CGI parameters (RFC 3875), taken apart.
struct FCGIRequestHead {
    var request: Request
    /// What `CONTENT_LENGTH` announces; 0 where there is none.
    var contentLength: Int
    /// Why the request cannot be served; nothing of it may reach the program.
    var fault: GatewayError?

    init(_ parameters: [String: String]) {
        let text = { (name: String) in parameters[name] ?? "" }
        let id = Self.requestID(text("REQUEST_ID"))
        let path = parameters["DOCUMENT_URI"] ?? text("SCRIPT_NAME")
        let method = HTTPRequest.Method(text("REQUEST_METHOD"))
        var headers = HTTPFields()
        for (name, value) in parameters {
            guard let field = Self.fieldName(name), Self.isPlain(value) else { continue }
            headers[field] = value
        }
        request = Request(
            id: id, method: method ?? .get, path: path, query: text("QUERY_STRING"), host: text("HTTP_HOST"),
            headers: headers, remoteAddress: text("REMOTE_ADDR"))
        contentLength = max(0, Int(text("CONTENT_LENGTH")) ?? 0)
        if method == nil || !path.hasPrefix("/") || !Self.isPlain(path) {
            fault = GatewayError(.malformedRequest, "The request line is not valid.")
        }
    }

    private static func fieldName(_ parameter: String) -> HTTPField.Name? {
        if parameter == "CONTENT_TYPE" { return .contentType }
        // HTTP_PROXY is what CVE-2016-5385 abused; the host stands by itself.
        guard parameter.hasPrefix("HTTP_"), parameter != "HTTP_PROXY", parameter != "HTTP_HOST" else { return nil }
        return HTTPField.Name(String(parameter.dropFirst(5).map { $0 == "_" ? "-" : $0 }))
    }

    private static func isPlain(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }

    private static func requestID(_ given: String) -> String {
        let isUsable =
            (8...64).contains(given.utf8.count)
            && given.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
        return isUsable ? given : Identifier.random()
    }
}
