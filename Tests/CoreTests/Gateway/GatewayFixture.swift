import HTTPTypes
import Logging

@testable import Core
@testable import FCGIApp

/// A gateway on a directory of its own, without sockets.
struct GatewayFixture {
    let directory = TemporaryDirectory()
    let store: JSONFileStore
    let driver: ScriptedDriver
    let gateway: Gateway
    let adminKey: String

    init(
        driver: ScriptedDriver = ScriptedDriver(), accounts: [Account] = [Self.account("a")],
        _ change: (inout Settings) -> Void = { _ in }
    ) throws {
        var settings = Settings()
        settings.openAI.accounts = accounts
        settings.server.queueTimeout = .milliseconds(50)
        change(&settings)
        store = try directory.store()
        self.driver = driver
        adminKey = try store.createFirstAdmin()?.text ?? ""
        gateway = try Composition(
            settings: settings, store: store,
            log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), client: .shared,
            drivers: UpstreamDrivers(openAI: driver)
        ).makeGateway()
    }

    static func account(_ id: String, isPlus: Bool = false, models: [String] = []) -> Account {
        Account(
            id: Account.ID(rawValue: id), kind: .openAI(.init(baseURL: "http://127.0.0.1:1/v1", apiKey: nil)),
            isPlus: isPlus, models: models)
    }

    /// Adds a user and gives its key.
    func addUser(
        _ id: String, owner: String = User.selfOwner, role: User.Role = .user, hasPlus: Bool = false
    ) throws -> String {
        let key = APIKey.generate()
        let client = try store.user(User.ID(owner: User.selfOwner, userID: owner))
        let user = User(
            id: User.ID(owner: owner, userID: id), ownerNumber: client?.number, username: "Name of \(id)", role: role,
            hasPlus: hasPlus,
            keys: [User.Key(key)])
        _ = try store.adding(user)
        return key.text
    }

    func send(
        _ method: HTTPRequest.Method = .get, _ path: String, query: String = "", type: String? = nil,
        body: String = "", key: String? = nil, origin: String? = nil
    ) async -> Answer {
        var headers = HTTPFields()
        headers[.contentType] = type
        headers[.authorization] = key.map { "Bearer \($0)" }
        headers[.origin] = origin
        let request = Request(
            id: "0123456789abcdef", method: method, path: path, query: query, host: "chat.example.org",
            headers: headers, body: Array(body.utf8), remoteAddress: "127.0.0.1")
        let response = await gateway.respond(to: request)
        switch response.body {
        case .bytes(let bytes): return Answer(response: response, text: String(decoding: bytes, as: UTF8.self))
        case .stream(let write):
            // Events are read by the tests themselves.
            if response.headers[.contentType]?.hasPrefix("text/event-stream") == true { break }
            let collected = CollectingWriter()
            do { try await write(collected) } catch { break }
            return Answer(response: response, text: collected.text)
        }
        return Answer(response: response, text: "")
    }

    func post(_ path: String, _ body: JSON, key: String? = nil) async -> Answer {
        await send(.post, path, type: "application/json", body: body.text, key: key)
    }

    struct Answer {
        var response: Response
        var text: String
        var status: Int { response.status.code }
        var json: JSON? { try? JSONReader.read(text, limits: .trusted) }
        var code: String? { json?["code"]?.string }
    }
}
