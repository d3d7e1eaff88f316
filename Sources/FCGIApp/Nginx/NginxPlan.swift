/// What shapes nginx's configuration: the facts of the settings and of this host, and nothing to read or decide.
///
/// All paths are absolute. ``NginxConfiguration`` checks every value before it is written.
struct NginxPlan: Sendable, Equatable {
    struct TLS: Sendable, Equatable {
        var certificate: String
        var certificateKey: String
    }

    enum Network: Sendable {
        case wan
        /// Private and link-local addresses only; all others get 403.
        case lan
    }

    /// What one address may do; programs on this host are not counted.
    ///
    /// The defaults stop a flood of tried keys and leave room for a whole office behind one address.
    struct Limits: Sendable, Equatable {
        var requestsPerSecond = 200
        /// Requests beyond the rate that are let through at once.
        var burst = 1000
        var connections = 4096
    }

    /// The paths of the pages that a browser opens, without the base path.
    struct Pages: Sendable, Equatable {
        var chat = "/chat"
        var recall = "/recall"
        var accessToken = "/access-token"
        var addUser = "/admin/add-user"
    }

    /// A name, an IPv4 or an IPv6 address (with or without brackets), or `*`.
    var host = "127.0.0.1"
    var port = 8080
    /// The path under which everything is reached: `/` or `/x/`.
    var basePath = "/"
    /// Nil: plain HTTP.
    var tls: TLS?
    var network = Network.wan
    /// The public name; nil when any name is good.
    var serverName: String?
    /// nginx's own errors are pages there, elsewhere JSON.
    var pages = Pages()
    /// Of the pages where a browser asks for none that they have (BCP 47).
    var language = "en-US"
    var maxBodyBytes = 1 << 20
    /// Under `/v1`.
    var maxOpenAIBodyBytes = 32 << 20
    /// Whose pages may read what nginx itself answers on the API; `*` stands for all.
    var origins: [String] = []
    /// Seconds until a reply that is not streamed must have begun.
    var responseTimeoutSeconds = 600
    /// How many files and connections each of nginx's workers may have open.
    var openFiles = 40_000
    /// Nil: no limits.
    var limits: Limits? = Limits()

    /// Where Debian keeps libraries of scripts, and the fonts of formulas.
    static let distribution = ["/usr/share/javascript", "/usr/share/nodejs", "/usr/share/fonts/opentype"]

    /// Where the workers accept.
    var socket: String
    /// How many workers have a socket of their own, whose connections nginx keeps; nil: all share `socket`.
    var workers: Int?
    /// The directory of the static files.
    var www: String
    /// The directory of logs, temporary files and the pid; it must exist.
    var prefix: String
    /// The directories behind `/lib/`, the first that has a file wins.
    var libraries = Self.distribution
    /// The user of nginx's own workers; nil leaves it out, which is right when nginx is not started by root.
    var user: String?
}
