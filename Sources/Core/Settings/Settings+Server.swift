extension Settings {
    /// What callers see: the key `api_server`.
    package struct Server: Sendable, Equatable {
        /// The address on which nginx listens; an IPv6 address stands in brackets.
        package var host = "127.0.0.1"
        package var port = 8080
        /// Where nginx mounts the server: begins and ends with a slash.
        package var basePath = "/"
        /// Absent: plain HTTP.
        package var tls: TLS?
        /// The proxy of accounts that name none; already resolved in every ``Account/proxy``.
        package var defaultProxy: Proxy?
        /// The URL under which people outside reach the server, without a slash at its end.
        package var wanURL: String?
        package var network = Network.wan
        /// The language of the web pages for browsers that ask for none that exists (BCP 47).
        package var webUILanguage = "en-US"
        package var browserPaths = BrowserPaths()
        package var apiPaths = APIPaths()
        /// What is sent in place of a blank prompt; nil refuses a blank prompt.
        package var defaultPrompt: String? = Server.promptForNothing
        /// How long a turn waits for its conversation or for a free account.
        package var queueTimeout: Duration = .seconds(30)
        package var maxBodyBytes = 1 << 20
        /// The most bytes of a stored conversation with which another turn may begin.
        package var maxConversationBytes = 16 << 20
        /// How large a reply may become and how long it may take.
        package var replyLimits = ReplyLimits()
        /// The largest body under `/v1`, where pictures are in it.
        package var maxOpenAIBodyBytes = 32 << 20
        /// The origins whose pages may read the API's answers, as browsers write them; `*` stands for all.
        package var corsOrigins: [String] = []
        package var durability = Durability.fsync
        /// How many worker processes `serve` keeps running; nil: ``usualWorkers``, or what the command line says.
        package var workers: Int?
        package var allowGet = AllowGet.always
        /// Whether calls of `/v1` are archived as all others are.
        package var archiveV1 = true
        /// How long a reply may wait for its title, before one is cut from the prompt.
        package var titleTimeout: Duration = .seconds(5)

        package init() {}

        /// The largest body of a request on `path`.
        package func maxBodyBytes(at path: String) -> Int {
            APIPaths.isOpenAI(path) ? maxOpenAIBodyBytes : maxBodyBytes
        }

        /// Whether requests on `path` are turns.
        package func isTurn(at path: String) -> Bool {
            path == apiPaths.chat || path == "/v1/chat/completions" || path == browserPaths.chat
        }

        package static let usualWorkers = 2
        /// So many, those that two reloads have left behind while they drain, and commands all have a column in the
        /// accounts' page.
        package static let mostWorkers = 128

        /// The default of ``defaultPrompt``.
        package static let promptForNothing = """
            Please tell me politely that I left the prompt empty, and that I should write a question or a text \
            and send it again.
            """

        /// The files of a certificate, as absolute paths.
        package struct TLS: Sendable, Equatable {
            package var certificate: String
            package var certificateKey: String

            package init(certificate: String, certificateKey: String) {
                self.certificate = certificate
                self.certificateKey = certificateKey
            }
        }
    }
}

/// The paths of the API's endpoints, before the base path: `api_server.endpoints.api`.
package struct APIPaths: Sendable, Equatable {
    package var chat = "/api/chat"
    package var recall = "/api/recall"
    package var accessToken = "/api/access-token"
    package var addUser = "/api/client/add-user"
    package var removeConversation = "/api/remove-conversation"
    package var removeUser = "/api/client/remove-user"
    package var users = "/api/client/users"
    package var rotateKey = "/api/client/rotate-key"
    package var updateUser = "/api/client/update-user"

    package init() {}

    /// Whether `path` belongs to the OpenAI API, whose paths are not the operator's to choose.
    package static func isOpenAI(_ path: String) -> Bool { path == "/v1" || path.hasPrefix("/v1/") }
}

/// The paths of the pages for browsers, before the base path: `api_server.endpoints.browser`.
package struct BrowserPaths: Sendable, Equatable {
    package var chat = "/chat"
    package var recall = "/recall"
    package var accessToken = "/access-token"
    package var addUser = "/admin/add-user"

    package init() {}
}
