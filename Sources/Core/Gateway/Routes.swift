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
        let idempotency = Idempotency(store: store, queueTimeout: server.queueTimeout)
        let chat = ChatHandler(
            authenticator: authenticator, conversations: conversations, idempotency: idempotency,
            defaultPrompt: server.defaultPrompt,
            pages: pages, errors: errors, callerProxy: server.defaultProxy)
        let recall = RecallHandler(authenticator: authenticator, store: store, auditLog: auditLog, pages: pages)
        let conversation = ConversationHandler(
            authenticator: authenticator, store: store, conversations: conversations, auditLog: auditLog)
        let users = UsersHandler(
            authenticator: authenticator, store: store, auditLog: auditLog, pages: pages,
            turnLimits: dispatcher.limits)
        let limits = LimitsHandler(
            authenticator: authenticator, store: store, limits: dispatcher.limits, auditLog: auditLog)
        let keys = KeysHandler(
            authenticator: authenticator, store: store, auditLog: auditLog, settings: settings.keys)
        let groups = GroupsHandler(authenticator: authenticator, store: store, auditLog: auditLog)
        let whoami = WhoamiHandler(authenticator: authenticator, settings: settings)
        let completions = CompletionsHandler(
            authenticator: authenticator, conversations: conversations,
            idempotency: idempotency, errors: errors,
            isArchived: server.archiveV1)
        let models = ModelsHandler(authenticator: authenticator, dispatcher: dispatcher)
        let accessToken = AccessTokenHandler(
            store: store, signIn: signIn, proxy: server.defaultProxy, pages: pages)
        let accounts = AccountsHandler(admin: accounts, auditLog: auditLog)
        let health = HealthHandler(store: store)
        let usage = UsageHandler(
            authenticator: authenticator, store: store, zone: settings.limits.timeZone, basePath: server.basePath)

        let api = server.apiPaths
        let forms = server.browserPaths
        let home = server.basePath + forms.chat.dropFirst()
        let passwordMethods: [HTTPRequest.Method] = server.allowGet == .always ? [.get, .post] : [.post]
        return [
            Route(api.chat, [.get, .post], for: .chatters, in: .chat, chat.respond),
            Route(api.recall, [.get, .post], for: .everyRole, in: .recall, recall.respond),
            Route(api.removeConversation, [.get, .post, .delete], for: .everyRole, in: .recall, conversation.remove),
            Route("/api/rename-conversation", [.post], for: .everyRole, in: .recall, conversation.retitle),
            Route("/api/render", [.post], for: .everyRole, RenderHandler().respond),
            Route("/api/whoami", [.get, .post], for: .everyRole, whoami.respond),
            Route(api.accessToken, passwordMethods, for: .everyRole, in: .chat, accessToken.respond),
            Route(api.rotateKey, [.get, .post], for: .everyRole, in: .manage, users.rotateKey),
            Route(api.addUser, [.get, .post], for: .owners, in: .manage, users.add),
            Route(api.users, [.get, .post], for: .owners, in: .manage, users.list),
            Route(api.users + "/bulk", [.post], for: .owners, in: .manage, users.bulk),
            Route(api.removeUser, [.get, .post, .delete], for: .owners, in: .manage, users.remove),
            Route(api.updateUser, [.get, .post], for: .owners, in: .manage, users.update),
            Route("/api/keys", [.get], for: .everyRole, in: .manage, keys.list),
            Route("/api/keys", [.post], for: .everyRole, in: .manage, keys.add),
            Route("/api/keys/*", [.patch], for: .everyRole, in: .manage, keys.change),
            Route("/api/keys/*", [.delete], for: .everyRole, in: .manage, keys.revoke),
            Route("/api/keys/*/rotate", [.post], for: .everyRole, in: .manage, keys.rotate),
            Route("/api/admin/groups", [.get], for: .everyRole, in: .manage, groups.list),
            Route("/api/admin/groups", [.post], for: .admins, in: .manage, groups.add),
            Route("/api/admin/groups/*", [.get], for: .everyRole, in: .manage, groups.one),
            Route("/api/admin/groups/*", [.patch], for: .admins, in: .manage, groups.change),
            Route("/api/admin/groups/*", [.delete], for: .admins, in: .manage, groups.remove),
            Route("/api/admin/groups/*/members", [.get], for: .everyRole, in: .manage, groups.members),
            Route("/api/admin/groups/*/members", [.post], for: .everyRole, in: .manage, groups.join),
            Route("/api/admin/groups/*/members", [.delete], for: .everyRole, in: .manage, groups.leave),
            Route("/api/admin/accounts", [.get], for: .admins, in: .manage, accounts.list),
            Route("/api/admin/accounts", [.post], for: .admins, in: .manage, accounts.act),
            Route("/api/admin/archives", [.get], for: .admins, in: .manage, users.keptArchives),
            Route("/api/limits", [.get], for: .everyRole, limits.show),
            Route("/api/admin/limits/raise", [.post], for: .admins, in: .manage, limits.raise),
            Route("/api/usage", [.get], for: .everyRole, usage.own),
            Route("/api/client/usage", [.get], for: .owners, in: .manage, usage.ofUser),
            Route("/api/admin/usage", [.get], for: .everyRole, in: .manage, usage.all),
            Route("/api/admin/usage/rows", [.get], for: .everyRole, in: .manage, usage.rows),
            Route("/v1/chat/completions", [.post], .openAI, for: .chatters, in: .v1, completions.respond),
            Route("/v1/models", [.get], .openAI, for: .everyRole, in: .v1, models.list),
            Route("/v1/models/*", [.get], .openAI, for: .everyRole, in: .v1, models.one),
            Route("/healthz", [.get], for: .open, health.respond),
            Route("/health", [.get], for: .open, health.respond),
            Route("/", [.get], .page, for: .open) { _ in Response(status: .found, headers: [.location: home]) },
            Route("/admin", [.get], .page, for: .open) { _ in .page("/_pages/console.html") },
            Route("/settings", [.get], .page, for: .open) { _ in .page("/_pages/settings.html") },
            Route(forms.chat, [.get], .page, for: .open) { _ in .page("/_pages/chat.html") },
            Route(forms.chat, [.post], .page, for: .chatters, in: .chat, chat.respond),
            Route(forms.recall, [.get], .page, for: .open) { _ in .page("/_pages/recall.html") },
            Route(forms.recall, [.post], .page, for: .everyRole, in: .recall, recall.respond),
            Route(forms.addUser, [.get], .page, for: .open) { _ in .page("/_pages/add-user.html") },
            Route(forms.addUser, [.post], .page, for: .owners, in: .manage, users.add),
            Route(forms.accessToken, [.get], .page, for: .open) { _ in .page("/_pages/access-token.html") },
            Route(forms.accessToken, [.post], .page, for: .everyRole, in: .chat, accessToken.respond),
        ]
    }
}
