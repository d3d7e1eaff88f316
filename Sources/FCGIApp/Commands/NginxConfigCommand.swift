import ArgumentParser
import Core
import Glibc

/// Prints nginx's configuration: the settings are the one file that a person edits.
struct NginxConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nginx-config",
        abstract: "Print nginx's configuration for the settings.",
        discussion: """
            The configuration goes to standard output and runs as it is: nginx -c FILE. For an nginx that is already \
            there, --snippet prints what stands in its server, and --http-snippet what stands in its http.
            """)

    @Option(help: "The settings file.")
    var settings: String

    @Option(help: "The socket on which the workers accept.")
    var socket: String

    @Option(help: "The directory of the static files.")
    var www: String

    @Option(help: "The directory for logs, temporary files and the pid. It must exist.")
    var prefix: String

    @Flag(help: "Print only what stands in a server block.")
    var snippet = false

    @Flag(help: "Print only what stands in the http block: the log's format and the counters of the limits.")
    var httpSnippet = false

    @Flag(help: "With --snippet: use the log's format and the counters of --http-snippet.")
    var withHTTPSnippet = false

    @Option(help: "A directory that is shown under /lib/; may be repeated, the first that has a file wins.")
    var libDir = NginxPlan.distribution

    @Option(help: "The user of nginx's workers, when nginx is started by root.")
    var user: String?

    @Option(
        help: """
            Have nginx keep connections to so many workers, on the sockets that serve makes for them (default: \
            api_server.workers of the settings; without either all use one socket).
            """)
    var workers: Int?

    @Option(help: "Requests a second for one address that is not this host; 0 for no limit.")
    var rateLimit = NginxPlan.Limits().requestsPerSecond

    mutating func validate() throws {
        guard !(snippet && httpSnippet) else {
            throw ValidationError("--snippet and --http-snippet exclude each other.")
        }
        guard snippet || !withHTTPSnippet else { throw ValidationError("--with-http-snippet needs --snippet.") }
        try WorkerOptions.validate(workers: workers)
        guard rateLimit >= 0 else { throw ValidationError("--rate-limit must not be negative.") }
    }

    mutating func run() throws {
        let (settings, warnings) = try Settings.load(path: settings)
        for warning in warnings {
            var line = "\(warning)\n"
            _ = line.withUTF8 { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        }
        var plan = NginxPlan(
            settings: settings, socket: AbsolutePath(socket), www: AbsolutePath(www), prefix: AbsolutePath(prefix))
        plan.workers = workers ?? plan.workers
        plan.libraries = libDir.map { AbsolutePath($0).text }
        plan.user = geteuid() == 0 ? user ?? Self.defaultUser : nil
        plan.openFiles = Self.openFiles(atMost: plan.openFiles)
        if rateLimit == 0 {
            plan.limits = nil
        } else {
            plan.limits?.requestsPerSecond = rateLimit
        }
        print(try NginxConfiguration().render(part, for: plan), terminator: "")
    }

    private var part: NginxConfiguration.Part {
        if httpSnippet { return .http }
        return snippet ? .server(withHTTPPart: withHTTPSnippet) : .whole
    }

    /// The user that the distribution made for web servers.
    private static var defaultUser: String {
        ["www-data", "nginx"].first { getpwnam($0) != nil } ?? "nobody"
    }

    /// How many files a process of this user may open; nginx complains at each start about more.
    private static func openFiles(atMost wanted: Int) -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return wanted }
        return min(wanted, Int(clamping: limit.rlim_max))
    }
}
