import HTTPTypes
import Logging

/// The program as a function from request to response: id, route, handler, one funnel for errors, one log line.
package final class Gateway: Responder {
    private let router: Router
    private let pages: HTMLPage
    private let settings: Settings
    private let crossOrigin: CrossOrigin
    private let log: Logger
    private let failures: Failures
    private let authenticator: Authenticator

    package init(
        settings: Settings, store: any Store, drivers: UpstreamDrivers, log: Logger,
        signIn: PasswordSignIn? = nil, onStorageFault: @escaping @Sendable () -> Void
    ) {
        let server = settings.server
        failures = Failures(log: log, onStorageFault: onStorageFault)
        let dispatcher = Dispatcher(
            store: store, pool: AccountPool(settings.openAI.accounts), drivers: drivers,
            queueTimeout: server.queueTimeout, log: log)
        dispatcher.catalogue.begin()
        let conversations = Conversations(
            store: store, dispatcher: dispatcher, titleTimeout: server.titleTimeout,
            queueTimeout: server.queueTimeout, maxConversationBytes: server.maxConversationBytes, log: log)
        let authenticator = Authenticator(store: store)
        self.authenticator = authenticator
        let oversight = Oversight(store: store, omitsAddress: settings.auditOmitsAddress)
        pages = HTMLPage(basePath: server.basePath, language: server.webUILanguage)
        let accessToken = signIn.map { [pages] signIn in
            AccessTokenHandler(
                authenticator: authenticator, store: store, signIn: signIn, proxy: server.defaultProxy,
                allowGet: server.allowGet, pages: pages)
        }
        let routes = Routes(
            settings: settings,
            chat: ChatHandler(
                authenticator: authenticator, conversations: conversations, defaultPrompt: server.defaultPrompt,
                pages: pages, failures: failures, callerProxy: server.defaultProxy),
            recall: RecallHandler(
                authenticator: authenticator, store: store, oversight: oversight, pages: pages),
            removal: RemoveConversationHandler(authenticator: authenticator, store: store, oversight: oversight),
            renaming: RenameConversationHandler(
                authenticator: authenticator, conversations: conversations, oversight: oversight),
            render: RenderHandler(authenticator: authenticator),
            whoami: WhoamiHandler(authenticator: authenticator, settings: settings),
            users: UsersHandler(authenticator: authenticator, store: store, oversight: oversight, pages: pages),
            completions: CompletionsHandler(
                authenticator: authenticator, conversations: conversations,
                idempotency: Idempotency(store: store, queueTimeout: server.queueTimeout), failures: failures,
                isArchived: server.archiveV1),
            models: ModelsHandler(authenticator: authenticator, dispatcher: dispatcher),
            accessToken: accessToken,
            accounts: AccountsHandler(
                authenticator: authenticator,
                desk: AccountDesk(store: store, pool: dispatcher.pool, drivers: drivers)),
            keptArchives: KeptArchivesHandler(authenticator: authenticator, store: store),
            health: HealthHandler(store: store))
        router = Router(routes.table)
        crossOrigin = CrossOrigin(origins: server.corsOrigins)
        self.settings = settings
        self.log = log
    }

    package func respond(to request: Request) async -> Response {
        let kind = router.kind(at: request.path)
        if kind != .page, var answer = crossOrigin.preflight(request, methods: router.methods(at: request.path)) {
            answer.headers[.requestID] = request.id
            return answer
        }
        var call = Call(request: request, parameters: Parameters(), kind: shape(of: request, kind))
        var response: Response
        do {
            if kind == nil, let page = router.page(atFolder: request.path) { return redirect(request, to: page) }
            if kind == nil, request.isOpenAI { throw router.unknownURL() }
            let route = try router.route(request.method, request.path)
            call = Call(request: request, parameters: Parameters(), kind: route.kind)
            call = Call(request: request, parameters: try await parameters(of: call), kind: route.kind)
            if call.isPage { try refuseForeignOrigin(of: request) }
            try refuseKeyInQuery(of: call)
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
                "request_id": "\(request.id)", "method": "\(request.method.rawValue)", "path": "\(request.loggedPath)",
                "status": "\(status)", "bytes": "\(bytesSent)", "ms": "\(duration.microseconds / 1000)",
                "client_left": "\(clientLeft)",
            ])
    }

    /// Large bodies take time to read, so they are read a few at a time, callers by turns.
    ///
    /// Nobody is known yet but by a key in the head.
    private func parameters(of call: Call) async throws -> Parameters {
        let request = call.request
        guard request.body.count > Self.largeBody else { return try Parameters(of: request) }
        return try await WorkLane.shared.run(for: await authenticator.turnTaker(of: call)) {
            try Parameters(of: request)
        }
    }

    private static let largeBody = 128 << 10

    /// Makes a failure that comes before the first byte an answer; what breaks off later is told in the stream.
    private func failure(_ error: any Error, of call: Call) -> Response {
        let request = call.request
        let told = failures.told(error, requestID: request.id)
        var response = Response.failure(told, shape: call.errorShape, requestID: request.id, pages: pages)
        if told.code == .methodNotAllowed {
            response.headers[.allow] = router.methods(at: request.path).map(\.rawValue).joined(separator: ", ")
        }
        if told.code == .invalidKey { response.headers[.wwwAuthenticate] = "Bearer" }
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
        let names = [request.host] + (settings.server.wanURL.map { [Self.host(of: $0)] } ?? [])
        guard names.contains(Self.host(of: origin)) else {
            throw GatewayError(.foreignOrigin, "This form was sent by a page of another site.")
        }
    }

    /// Host and port of a URL's origin.
    private static func host(of origin: String) -> String {
        let parts = origin.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        return parts.count == 3 ? String(parts[2].prefix { $0 != "/" }) : origin
    }
}
