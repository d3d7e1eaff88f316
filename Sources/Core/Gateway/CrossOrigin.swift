import HTTPTypes

/// Lets pages of other origins read the API's answers: the CORS protocol of the Fetch standard.
///
/// Credentials are never allowed: a page sends its key in a field that it sets itself, and there are no cookies.
struct CrossOrigin: Sendable {
    /// As browsers write them, or `*` for all; empty: pages of other origins read nothing.
    let origins: [String]

    /// The answer to the question that a browser asks before a request; nil if this is none, or of another origin.
    ///
    /// - Parameter methods: What the path takes; where there is nothing, the request itself will be told so.
    func preflight(_ request: Request, methods: [HTTPRequest.Method]) -> Response? {
        guard request.method == .options, request.headers[.accessControlRequestMethod] != nil,
            let origin = allowed(request)
        else { return nil }
        let methods = methods.isEmpty ? [.get, .post, .delete] : methods
        return Response(
            status: .noContent,
            headers: [
                .accessControlAllowOrigin: origin,
                .accessControlAllowMethods: methods.map(\.rawValue).joined(separator: ", "),
                .accessControlAllowHeaders: Self.fields(request.headers[.accessControlRequestHeaders]),
                .accessControlMaxAge: "3600",
                .vary: "Origin, Access-Control-Request-Headers",
            ])
    }

    /// Adds to an answer what a browser wants to see before its page may read it.
    func mark(_ response: inout Response, to request: Request) {
        guard !origins.isEmpty else { return }
        response.headers.append(HTTPField(name: .vary, value: "Origin"))
        guard let origin = allowed(request) else { return }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlExposeHeaders] = Self.exposed
    }

    private func allowed(_ request: Request) -> String? {
        guard let origin = request.headers[.origin] else { return nil }
        if origins.contains("*") { return "*" }
        return origins.contains(origin.lowercased()) ? origin : nil
    }

    /// The fields that a page asks for, as far as they are names; SDKs have many of their own, such as `x-stainless-os`.
    private static func fields(_ asked: String?) -> String {
        guard let asked, asked.utf8.count <= 4096 else { return usual }
        let names = asked.split(separator: ",").compactMap { name in
            HTTPField.Name(String(name.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()))?.rawName
        }
        let isList = !names.isEmpty && names.count == asked.split(separator: ",").count
        return isList ? names.joined(separator: ", ") : usual
    }

    private static let usual = "Authorization, Content-Type, Idempotency-Key, X-Api-Key, Api-Key"
    private static let exposed =
        "X-Request-Id, Retry-After, X-Should-Retry, Idempotency-Replayed, Link, Allow, X-Limit-Warning, X-Limit-Model, "
        + ["Limit", "Remaining", "Reset"].flatMap { ["X-RateLimit-\($0)-Requests", "X-RateLimit-\($0)-Tokens"] }
        .joined(separator: ", ")
}
