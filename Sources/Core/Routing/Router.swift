import HTTPTypes

/// Finds the route of a request.
package struct Router: Sendable {
    private let routes: [String: [Route]]

    package init(_ routes: [Route]) { self.routes = Dictionary(grouping: routes, by: \.path) }

    /// The route for `method` on `path`; HEAD is answered like GET.
    ///
    /// - Throws: 404 for an unknown path, 405 for another method.
    func route(_ method: HTTPRequest.Method, _ path: String) throws(GatewayError) -> Route {
        guard let candidates = routes[path] ?? routes[Self.pattern(of: path)] else {
            throw GatewayError(.notFound, "There is nothing at this path.")
        }
        let wanted = method == .head ? .get : method
        guard let route = candidates.first(where: { $0.methods.contains(wanted) }) else {
            throw GatewayError(.methodNotAllowed, "This path does not take \(method.rawValue).")
        }
        return route
    }

    /// The path with `*` for its last part, as the routes of single things have it.
    private static func pattern(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return path }
        return path[...slash] + "*"
    }

    /// What a 405 must name in `Allow`.
    func methods(at path: String) -> [HTTPRequest.Method] {
        (routes[path] ?? routes[Self.pattern(of: path)])?.flatMap(\.methods) ?? []
    }
}
