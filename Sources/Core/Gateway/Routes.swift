import HTTPTypes

/// The one table of all routes: where, how, who may call, and what answers.
///
/// A new endpoint is a handler and a line here.
package struct Routes: Sendable {
    private let settings: Settings
    private let store: any Store
    private let dispatcher: Dispatcher
    private let conversations: Conversations
    private let accounts: AccountAdmin
    private let signIn: PasswordSignIn
    private let authenticator: Authenticator
    private let pages: HTMLPage
    private let errors: ErrorMapper

    package init(
        settings: Settings, store: any Store, dispatcher: Dispatcher, conversations: Conversations,
        accounts: AccountAdmin, signIn: PasswordSignIn, authenticator: Authenticator, pages: HTMLPage,
        errors: ErrorMapper
    ) {
        self.settings = settings
        self.store = store
        self.dispatcher = dispatcher
        self.conversations = conversations
        self.accounts = accounts
        self.signIn = signIn
        self.authenticator = authenticator
        self.pages = pages
        self.errors = errors
    }

    var table: [Route] {
        let server = settings.server
        let auditLog = AuditLog(store: store, omitsAddress: settings.auditOmitsAddress)
        let chat = ChatHandler(
            authenticator: authenticator, conversations: conversations, defaultPrompt: server.defaultPrompt,
            pages: pages, errors: errors, callerProxy: server.defaultProxy)
        let recall = RecallHandler(authenticator: authenticator, store: store, auditLog: auditLog, pages: pages)
        let conversation = ConversationHandler(
            authenticator: authenticator, store: store, conversations: conversations, auditLog: auditLog)
        let users = UsersHandler(authenticator: authenticator, store: store, auditLog: auditLog, pages: pages)
        let completions = CompletionsHandler(
            authenticator: authenticator, conversations: conversations,
            idempotency: Idempotency(store: store, queueTimeout: server.queueTimeout), errors: errors,
            isArchived: server.archiveV1)
        let models = ModelsHandler(dispatcher: dispatcher)
        let accessToken = AccessTokenHandler(
            store: store, signIn: signIn, proxy: server.defaultProxy, pages: pages)
        let accounts = AccountsHandler(admin: accounts)
        let health = HealthHandler(store: store)

        let api = server.apiPaths
        let forms = server.browserPaths
        let home = server.basePath + forms.chat.dropFirst()
        let passwordMethods: [HTTPRequest.Method] = server.allowGet == .always ? [.get, .post] : [.post]
        return [
            Route(api.chat, [.get, .post], for: .chatters, chat.respond),
            Route(api.recall, [.get, .post], for: .everyRole, recall.respond),
            Route(api.removeConversation, [.get, .post, .delete], for: .everyRole, conversation.remove),
            Route("/api/rename-conversation", [.post], for: .everyRole, conversation.retitle),
            Route("/api/render", [.post], for: .everyRole, RenderHandler().respond),
            Route("/api/whoami", [.get, .post], for: .everyRole, WhoamiHandler(settings: settings).respond),
            Route(api.accessToken, passwordMethods, for: .everyRole, accessToken.respond),
            Route(api.rotateKey, [.get, .post], for: .everyRole, users.rotateKey),
            Route(api.addUser, [.get, .post], for: .owners, users.add),
            Route(api.users, [.get, .post], for: .owners, users.list),
            Route(api.removeUser, [.get, .post, .delete], for: .owners, users.remove),
            Route(api.updateUser, [.get, .post], for: .owners, users.update),
            Route("/api/admin/accounts", [.get], for: .admins, accounts.list),
            Route("/api/admin/accounts", [.post], for: .admins, accounts.act),
            Route("/api/admin/archives", [.get], for: .admins, users.keptArchives),
            Route("/v1/chat/completions", [.post], .openAI, for: .chatters, completions.respond),
            Route("/v1/models", [.get], .openAI, for: .everyRole, models.list),
            Route("/v1/models/*", [.get], .openAI, for: .everyRole, models.one),
            Route("/healthz", [.get], for: .open, health.respond),
            Route("/health", [.get], for: .open, health.respond),
            Route("/", [.get], .page, for: .open) { _ in Response(status: .found, headers: [.location: home]) },
            Route("/admin", [.get], .page, for: .open) { _ in .page("/_pages/console.html") },
            Route("/settings", [.get], .page, for: .open) { _ in .page("/_pages/settings.html") },
            Route(forms.chat, [.get], .page, for: .open) { _ in .page("/_pages/chat.html") },
            Route(forms.chat, [.post], .page, for: .chatters, chat.respond),
            Route(forms.recall, [.get], .page, for: .open) { _ in .page("/_pages/recall.html") },
            Route(forms.recall, [.post], .page, for: .everyRole, recall.respond),
            Route(forms.addUser, [.get], .page, for: .open) { _ in .page("/_pages/add-user.html") },
            Route(forms.addUser, [.post], .page, for: .owners, users.add),
            Route(forms.accessToken, [.get], .page, for: .open) { _ in .page("/_pages/access-token.html") },
            Route(forms.accessToken, [.post], .page, for: .everyRole, accessToken.respond),
        ]
    }
}
