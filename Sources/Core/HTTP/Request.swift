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

/// What answers requests: the one thing that a transport needs to know of Core.
package protocol Responder: Sendable {
    /// Answers `request`; every failure is a response, too.
    ///
    /// The surrounding task is cancelled when the caller leaves.
    func respond(to request: Request) async -> Response

    /// The answer to a request that the transport itself refuses with `error`.
    func refuse(_ request: Request, with error: GatewayError) -> Response

    /// Logs the end of an exchange, once the response went out, was cut or was abandoned.
    func finished(_ request: Request, status: Int, bytesSent: Int, duration: Duration, clientLeft: Bool)
}

extension Responder {
    package func refuse(_ request: Request, with error: GatewayError) -> Response { .failure(error, to: request) }
}

extension Request {
    /// The beginning of the path that may stand in a log; empty where a key or token seems to be in it.
    ///
    /// Callers confuse themselves: secrets arrive in paths ("/sk-cas-…", "/api/chat%3Fuser=…"). So it ends at the
    /// first byte that a path of ours does not have, and a path with a long row of letters and digits is left out.
    /// nginx's log has the same rules, see `http.conf.template`.
    var loggedPath: String {
        var row = 0
        for byte in path.utf8 {
            row = Self.isWordByte(byte) ? row + 1 : 0
            if row == Self.secretLength { return "" }
        }
        return String(decoding: path.utf8.prefix(while: Self.isPathByte), as: UTF8.self)
    }

    /// Keys of all kinds have more letters and digits in a row, and no path or model has as many.
    private static let secretLength = 32

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isPathByte(_ byte: UInt8) -> Bool { isWordByte(byte) || "/.:@~+-".utf8.contains(byte) }
}
