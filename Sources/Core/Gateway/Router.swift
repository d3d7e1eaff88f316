import HTTPTypes

/// Finds the route of a request.
package struct Router: Sendable {
    let table: [Route]
    private let exact: [String: [Route]]
    /// The routes whose path has a `*`, by what stands around it; in its place slashes may be, as in models' names.
    private let open: [(prefix: String, suffix: String, routes: [Route])]

    package init(_ routes: [Route]) {
        table = routes
        let byPath = Dictionary(grouping: routes, by: \.path)
        exact = byPath.filter { !$0.key.contains("*") }
        let open = byPath.compactMap { path, routes in
            Route.parts(of: path).map { (prefix: $0.prefix, suffix: $0.suffix, routes: routes) }
        }
        // What is longest is meant: "/api/keys/*/rotate" before "/api/keys/*".
        self.open = open.sorted { ($0.suffix.utf8.count, $0.prefix) > ($1.suffix.utf8.count, $1.prefix) }
    }

    /// The route for `method` on `path`.
    ///
    /// HEAD is answered like GET where that changes nothing: previews of links and checks send it unasked.
    ///
    /// - Throws: 404 for an unknown path, 405 for another method.
    func route(_ method: HTTPRequest.Method, _ path: String) throws(GatewayError) -> Route {
        guard let candidates = candidates(at: path) else {
            throw GatewayError(.notFound, "There is nothing at this path.")
        }
        let found = candidates.first { route in
            method == .head ? route.methods == [.get] : route.methods.contains(method)
        }
        guard let route = found else {
            throw GatewayError(.methodNotAllowed, "This path does not take \(method.rawValue).")
        }
        return route
    }

    /// What a 405 must name in `Allow`.
    func methods(at path: String) -> [HTTPRequest.Method] { candidates(at: path)?.flatMap(\.methods) ?? [] }

    /// What answers at `path`; nil where nothing does.
    func kind(at path: String) -> Route.Kind? { candidates(at: path)?.first?.kind }

    /// The page's own path where `path` is one with a slash at its end, as people and other servers write it.
    func page(atFolder path: String) -> String? {
        guard path.utf8.count > 2, path.hasSuffix("/") else { return nil }
        let page = String(path.dropLast())
        return exact[page]?.contains { $0.kind == .page } == true ? page : nil
    }

    /// Says which paths of the OpenAI API there are: its clients call others, too, and would look for a model.
    func unknownURL() -> GatewayError {
        let routes = exact.values.joined() + open.flatMap(\.routes)
        let lines = routes.filter { $0.kind == .openAI }.flatMap { route in
            route.methods.map { "\($0.rawValue) \(Self.forPeople(route.path))" }
        }
        return GatewayError(
            .unknownURL,
            "There is nothing at this path. Under /v1 this server has: \(lines.sorted().joined(separator: ", ")).")
    }

    private static func forPeople(_ path: String) -> String {
        Route.parts(of: path).map { "\($0.prefix){id}\($0.suffix)" } ?? path
    }

    private func candidates(at path: String) -> [Route]? {
        exact[path] ?? open.first { Route.value(in: path, between: $0.prefix, and: $0.suffix) != nil }?.routes
    }
}
