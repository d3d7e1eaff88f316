import HTTPTypes
import Logging

/// The program as a function from request to response: id, route, parameters, principal, handler, one funnel for errors,
/// one log line.
package final class Gateway: Responder {
    let router: Router
    private let pages: HTMLPage
    private let settings: Settings
    private let crossOrigin: CrossOrigin
    private let log: Logger
    private let errors: ErrorMapper
    private let authenticator: Authenticator

    package init(
        settings: Settings, routes: Routes, authenticator: Authenticator, pages: HTMLPage, errors: ErrorMapper,
        log: Logger
    ) {
        self.settings = settings
        router = Router(routes.table)
        self.authenticator = authenticator
        self.pages = pages
        self.errors = errors
        crossOrigin = CrossOrigin(origins: settings.server.corsOrigins)
        self.log = log
    }

    package func respond(to request: Request) async -> Response {
        let kind = router.kind(at: request.path)
        if kind != .page, var answer = crossOrigin.preflight(request, methods: router.methods(at: request.path)) {
            answer.headers[.requestID] = request.id
            return answer
        }
        var call = Call(request: request, kind: shape(of: request, kind))
        var response: Response
        do {
            if kind == nil, let page = router.page(atFolder: request.path) { return redirect(request, to: page) }
            if kind == nil, request.isOpenAI { throw router.unknownURL() }
            let route = try router.route(request.method, request.path)
            call = Call(request: request, kind: route.kind, pathValue: route.value(in: request.path))
            call = call.with(parameters: try await parameters(of: request))
            if call.isPage { try refuseForeignOrigin(of: request) }
            try refuseKeyInQuery(of: call)
            if let principal = try await principal(of: call, on: route) { call = call.with(principal: principal) }
            response = try await route.handler(call)
        } catch {
            response = failure(error, of: call)
        }
        response.headers[.requestID] = request.id
        if kind != .page { crossOrigin.mark(&response, to: request) }
        return response
    }

    package func refuse(_ request: Request, with error: GatewayError) -> Response {
        var response = Response.failure(error, to: request)
        if router.kind(at: request.path) != .page { crossOrigin.mark(&response, to: request) }
        return response
    }

    /// In whose shape a failure goes back before a route is chosen.
    private func shape(of request: Request, _ kind: Route.Kind?) -> Route.Kind {
        if request.isOpenAI { return .openAI }
        return (kind ?? .page) == .page && request.wantsPage ? .page : .api
    }

    /// Sends on to a page of ours, never to a place that the caller names.
    private func redirect(_ request: Request, to page: String) -> Response {
        let query = request.query.isEmpty ? "" : "?\(request.query)"
        let place = settings.server.basePath + page.dropFirst() + query
        return Response(status: .permanentRedirect, headers: [.location: place, .requestID: request.id])
    }

    package func finished(_ request: Request, status: Int, bytesSent: Int, duration: Duration, clientLeft: Bool) {
        log.info(
            "answered",
            metadata: [
                "request_id": .string(request.id), "method": .string(request.method.rawValue),
                "path": .string(request.loggedPath), "status": .string(String(status)),
                "bytes": .string(String(bytesSent)), "ms": .string(String(duration.microseconds / 1000)),
                "client_left": .string(clientLeft ? "true" : "false"),
            ])
    }

    /// Large bodies take time to read, so they are read a few at a time, callers by turns.
    ///
    /// Nobody is known yet but by a key in the head.
    private func parameters(of request: Request) async throws -> Parameters {
        guard request.body.count > Self.largeBody else { return try Parameters(of: request) }
        return try await WorkLane.shared.run(for: await authenticator.turnTaker(of: request)) {
            try Parameters(of: request)
        }
    }

    private static let largeBody = 128 << 10

    /// Who is calling; nil on a route that asks for no key.
    ///
    /// - Throws: 401 for no key that works, 403 for the key of somebody who may not call.
    private func principal(of call: Call, on route: Route) async throws -> Principal? {
        if case .open = route.access { return nil }
        let principal = try await authenticator.principal(of: call)
        if let refusal = route.access.refusal(of: principal.role) ?? route.refusal(of: principal.keys) { throw refusal }
        return principal
    }

    /// Makes a failure that comes before the first byte an answer; what breaks off later is told in the stream.
    private func failure(_ error: any Error, of call: Call) -> Response {
        let request = call.request
        let error = errors.callerError(for: error, requestID: request.id)
        var response = Response.failure(error, shape: call.errorShape, requestID: request.id, pages: pages)
        if error.code == .methodNotAllowed {
            response.headers[.allow] = router.methods(at: request.path).map(\.rawValue).joined(separator: ", ")
        }
        if [.invalidKey, .keyExpired, .keyNotYetValid].contains(error.code) {
            response.headers[.wwwAuthenticate] = "Bearer"
        }
        return response
    }

    /// Keys in queries end in histories and logs of others; the operator can forbid them.
    private func refuseKeyInQuery(of call: Call) throws(GatewayError) {
        guard settings.server.allowGet == .never, call.kind != .openAI else { return }
        let names = ["api_key"] + User.Role.allCases.map(\.rawValue)
        guard try Parameters.fields(call.request.query.utf8).contains(where: { names.contains($0.name) }) else {
            return
        }
        throw GatewayError(
            .methodNotAllowed, "Keys are not taken from a query here. Send the key as \"Authorization: Bearer KEY\".")
    }

    /// A form that another site's page posts must not act with a key that a person left in the form.
    private func refuseForeignOrigin(of request: Request) throws(GatewayError) {
        guard request.method == .post, let origin = request.headers[.origin] else { return }
        let ours = [request.host.lowercased(), settings.server.wanURL.flatMap(URLParts.init(originOf:))?.authority]
        guard let sender = URLParts(originOf: origin)?.authority, ours.contains(sender) else {
            throw GatewayError(.foreignOrigin, "This form was sent by a page of another site.")
        }
    }
}
