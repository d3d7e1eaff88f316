import HTTPTypes

/// A request as nginx handed it over, with its whole body.
package final class Request: Sendable {
    /// Names the request in the answer, in our log and in nginx's log.
    package let id: String
    package let method: HTTPRequest.Method
    /// The decoded, normalised path without the base path, as in nginx's `$uri` after its rewrite.
    package let path: String
    /// The raw query string, without "?".
    package let query: String
    /// The `Host` field: name and port as the caller sees us.
    package let host: String
    package let headers: HTTPFields
    package let body: [UInt8]
    /// The caller's address as text, for limits and the audit log.
    package let remoteAddress: String

    /// Whether the caller expects the OpenAI API, which has error objects of its own.
    package var isOpenAI: Bool { APIPaths.isOpenAI(path) }

    /// Whether a browser asks for a page to show, and not a program for data.
    var wantsPage: Bool {
        guard !isOpenAI, path != "/api", !path.hasPrefix("/api/") else { return false }
        return headers[.accept]?.lowercased().contains("text/html") == true
    }

    package init(
        id: String, method: HTTPRequest.Method, path: String, query: String = "", host: String = "",
        headers: HTTPFields = [:], body: [UInt8] = [], remoteAddress: String = ""
    ) {
        self.id = id
        self.method = method
        self.path = path
        self.query = query
        self.host = host
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
    }

    /// The same request with a body.
    package func with(body: [UInt8]) -> Request {
        Request(
            id: id, method: method, path: path, query: query, host: host, headers: headers, body: body,
            remoteAddress: remoteAddress)
    }
}
