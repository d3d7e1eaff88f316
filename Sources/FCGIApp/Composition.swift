import Core
import Glibc
import Logging

/// Where the parts of the program are put together.
enum Composition {
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
        /// To be called when nothing is answered any more.
        var close: @Sendable () -> Void
    }

    /// Opens the state directory before the first worker starts, and makes the first admin of an empty one.
    ///
    /// - Returns: The key of the new admin, to be shown once.
    static func prepareState(settings: Settings, stateDirectory: String) throws -> APIKey? {
        let log = Logger(label: "state")
        let store = try JSONFileStore(root: stateDirectory, durability: settings.server.durability, log: log)
        startThread {
            do { try store.sweep() } catch {
                log.error("sweeping the state directory failed", metadata: ["error": "\(error)"])
            }
        }
        return try store.createFirstAdmin()
    }

    static func makeResponder(settings: Settings, stateDirectory: String) throws -> Parts {
        let log = Logger(label: "gateway")
        let store = try JSONFileStore(root: stateDirectory, durability: settings.server.durability, log: log)
        // The worker drains and ends; its supervisor starts another, which reads what the disk really holds.
        let onStorageFault: @Sendable () -> Void = { kill(getpid(), SIGTERM) }
        let client = HTTPClient()
        let drivers = makeDrivers(
            settings, store: store, client: client, log: log, onStorageFault: onStorageFault)
        let gateway = Gateway(
            settings: settings, store: store, drivers: drivers, log: log,
            signIn: PasswordSignIn(client: client, addresses: SignInAddresses(settings.openAI)),
            onStorageFault: onStorageFault)
        startThread { store.openJournal() }
        startThread { store.sweepRegularly() }
        return Parts(
            responder: gateway, maxBodyBytes: { [server = settings.server] in server.maxBodyBytes(at: $0) },
            isLight: { [server = settings.server] in server.isTurn(at: $0) },
            spoolDirectory: stateDirectory, executorThreads: 32,
            close: { store.closeJournal() })
    }

    static func makeAccountDesk(settingsPath: String, stateDirectory: String) throws -> AccountDesk {
        let settings = try Settings.load(path: settingsPath).settings
        let log = Logger(label: "accounts")
        let store = try JSONFileStore(root: stateDirectory, durability: settings.server.durability, log: log)
        return AccountDesk(
            store: store, pool: AccountPool(settings.openAI.accounts),
            drivers: makeDrivers(settings, store: store, client: HTTPClient(), log: log))
    }

    private static func makeDrivers(
        _ settings: Settings, store: JSONFileStore, client: HTTPClient, log: Logger,
        onStorageFault: @escaping @Sendable () -> Void = {}
    ) -> UpstreamDrivers {
        UpstreamDrivers(
            openAI: OpenAIDriver(
                client: client, titleTimeout: settings.server.titleTimeout,
                limits: settings.server.replyLimits,
                knownModels: { account in
                    let list = try? store.modelList(of: account.id)
                    return list?.fingerprint == account.fingerprint ? list?.models ?? [] : []
                }),
            chatGPT: ChatGPTDriver(
                client: client, settings: settings,
                tokens: AccessTokens(
                    store: store, client: client, settings: settings.openAI, log: log,
                    onStorageFault: onStorageFault)))
    }
}
