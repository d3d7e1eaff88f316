/// The one table of all routes.
struct Routes {
    let settings: Settings
    let chat: ChatHandler
    let recall: RecallHandler
    let removal: RemoveConversationHandler
    let renaming: RenameConversationHandler
    let render: RenderHandler
    let whoami: WhoamiHandler
    let users: UsersHandler
    let completions: CompletionsHandler
    let models: ModelsHandler
    /// Nil where nothing can sign in.
    let accessToken: AccessTokenHandler?
    let accounts: AccountsHandler
    let keptArchives: KeptArchivesHandler
    let health: HealthHandler

    var table: [Route] {
        let api = settings.server.apiPaths
        let pages = settings.server.browserPaths
        let home = settings.server.basePath + pages.chat.dropFirst()
        return [
            Route(api.chat, [.get, .post], .api, chat.respond),
            Route(api.recall, [.get, .post], .api, recall.respond),
            Route(api.removeConversation, [.get, .post, .delete], .api, removal.respond),
            Route(api.addUser, [.get, .post], .api, users.add),
            Route(api.users, [.get, .post], .api, users.list),
            Route(api.removeUser, [.get, .post, .delete], .api, users.remove),
            Route(api.rotateKey, [.get, .post], .api, users.rotateKey),
            Route(api.updateUser, [.get, .post], .api, users.update),
            Route("/api/rename-conversation", [.post], .api, renaming.respond),
            Route("/api/render", [.post], .api, render.respond),
            Route("/api/whoami", [.get, .post], .api, whoami.respond),
            Route("/v1/chat/completions", [.post], .openAI, completions.respond),
            Route("/v1/models", [.get], .openAI, models.list),
            Route("/v1/models/*", [.get], .openAI, models.one),
            Route("/api/admin/accounts", [.get], .api, accounts.list),
            Route("/api/admin/accounts", [.post], .api, accounts.act),
            Route("/api/admin/archives", [.get], .api, keptArchives.list),
            Route("/healthz", [.get], .api, health.respond),
            Route("/health", [.get], .api, health.respond),
            Route("/", [.get], .page) { _ in Response(status: .found, headers: [.location: home]) },
            Route(pages.chat, [.get], .page) { _ in .page("/_pages/chat.html") },
            Route(pages.chat, [.post], .page, chat.respond),
            Route(pages.recall, [.get], .page) { _ in .page("/_pages/recall.html") },
            Route(pages.recall, [.post], .page, recall.respond),
            Route(pages.addUser, [.get], .page) { _ in .page("/_pages/add-user.html") },
            Route(pages.addUser, [.post], .page, users.add),
            Route("/admin", [.get], .page) { _ in .page("/_pages/console.html") },
        ] + accessTokenRoutes
    }

    private var accessTokenRoutes: [Route] {
        guard let accessToken else { return [] }
        let page = settings.server.browserPaths.accessToken
        return [
            Route(settings.server.apiPaths.accessToken, [.get, .post], .api, accessToken.respond),
            Route(page, [.get], .page) { _ in .page("/_pages/access-token.html") },
            Route(page, [.post], .page, accessToken.respond),
        ]
    }
}
