import Core
import Glibc
import Logging

/// Puts the parts of the program together, for workers, commands and tests: chooses the store and the drivers.
struct Composition {
    let settings: Settings
    let store: any Store
    let client: HTTPClient
    let drivers: UpstreamDrivers
    let log: Logger
    /// Called when a sync failed: nobody knows what the disk holds.
    let onStorageFault: @Sendable () -> Void

    /// - Parameter drivers: In place of those that speak to real upstreams.
    /// - Throws: ``StoreError`` where the key of the pseudonyms is not as it was.
    init(
        settings: Settings, store: any Store, log: Logger, client: HTTPClient = HTTPClient(),
        drivers: UpstreamDrivers? = nil, onStorageFault: @escaping @Sendable () -> Void = {}
    ) throws {
        self.settings = settings
        self.store = store
        self.client = client
        self.log = log
        self.onStorageFault = onStorageFault
        self.drivers =
            try drivers
            ?? UpstreamDrivers(
                openAI: OpenAIDriver(
                    client: client, pseudonyms: store.pseudonyms(), titleTimeout: settings.server.titleTimeout,
                    limits: settings.server.replyLimits,
                    knownModels: { account in
                        let list = try? await store.modelList(of: account.id)
                        return list?.fingerprint == account.fingerprint ? list?.models ?? [] : []
                    }),
                chatGPT: ChatGPTDriver(
                    client: client, settings: settings,
                    tokens: AccessTokens(
                        store: store, client: client, settings: settings.openAI, log: log,
                        onStorageFault: onStorageFault)))
    }

    /// Opens the store in which everything is kept.
    static func openStore(_ directory: String, durability: Settings.Durability, log: Logger) throws -> any Store {
        try JSONFileStore(root: directory, durability: durability, log: log)
    }

    func makeGateway() -> Gateway {
        let server = settings.server
        let errors = ErrorMapper(log: log, onStorageFault: onStorageFault)
        let authenticator = Authenticator(store: store)
        let pages = HTMLPage(basePath: server.basePath, language: server.webUILanguage)
        let dispatcher = Dispatcher(
            store: store, pool: AccountPool(settings.openAI.accounts), drivers: drivers,
            queueTimeout: server.queueTimeout, limits: settings.limits, log: log, ledger: ledger)
        dispatcher.catalogue.begin()
        let routes = Routes(
            settings: settings, store: store, dispatcher: dispatcher,
            conversations: Conversations(
                store: store, dispatcher: dispatcher, titleTimeout: server.titleTimeout,
                queueTimeout: server.queueTimeout, maxConversationBytes: server.maxConversationBytes, log: log),
            accounts: makeAccountAdmin(),
            signIn: PasswordSignIn(client: client, addresses: SignInAddresses(settings.openAI)),
            authenticator: authenticator, pages: pages, errors: errors)
        return Gateway(
            settings: settings, routes: routes, authenticator: authenticator, pages: pages, errors: errors,
            log: log)
    }

    private var ledger: UsageLedger {
        UsageLedger(store: store, prices: settings.prices, zone: settings.limits.timeZone)
    }

    func makeAccountAdmin() -> AccountAdmin {
        AccountAdmin(store: store, pool: AccountPool(settings.openAI.accounts), drivers: drivers, ledger: ledger)
    }
}

/// What the commands run on.
extension Composition {
    /// What a worker runs on.
    struct Parts {
        var responder: any Responder
        /// The largest body by the path of a request.
        var maxBodyBytes: @Sendable (_ path: String) -> Int
        /// Whether a request on the path may be answered on the loop.
        var isLight: @Sendable (_ path: String) -> Bool
        /// Where a file without a name may be made.
        var spoolDirectory: String
        var executorThreads: Int
        /// To be called when no more requests are accepted.
        var drain: @Sendable () -> Void
        /// To be called when nothing is answered any more.
        var close: @Sendable () -> Void
    }

    /// Opens the state directory before the first worker starts, and makes the first admin of an empty one.
    ///
    /// - Returns: The key of the new admin, to be shown once.
    static func prepareState(settings: Settings, stateDirectory: String) throws -> APIKey? {
        let log = Logger(label: "state")
        let store = try openStore(stateDirectory, durability: settings.server.durability, log: log)
        _ = try store.pseudonyms()
        store.maintain(settings.retention)
        return try Blocking.run { try await store.createFirstAdmin() }
    }

    static func makeResponder(settings: Settings, stateDirectory: String) throws -> Parts {
        let log = Logger(label: "gateway")
        let store = try openStore(stateDirectory, durability: settings.server.durability, log: log)
        // The worker drains and ends; its supervisor starts another, which reads what the disk really holds.
        let composition = try Composition(
            settings: settings, store: store, log: log, onStorageFault: { kill(getpid(), SIGTERM) })
        store.start(settings.retention)
        let thresholds = ThresholdWatch(settings, store: store, client: composition.client, log: log)
        thresholds?.begin()
        return Parts(
            responder: composition.makeGateway(),
            maxBodyBytes: { [server = settings.server] in server.maxBodyBytes(at: $0) },
            isLight: { [server = settings.server] in server.isTurn(at: $0) },
            spoolDirectory: stateDirectory, executorThreads: 32,
            drain: { thresholds?.end() }, close: { store.stop() })
    }

    static func makeAccountAdmin(settingsPath: String, stateDirectory: String) throws -> AccountAdmin {
        let settings = try Settings.load(path: settingsPath).settings
        let log = Logger(label: "accounts")
        let store = try openStore(stateDirectory, durability: settings.server.durability, log: log)
        return try Composition(settings: settings, store: store, log: log).makeAccountAdmin()
    }
}
