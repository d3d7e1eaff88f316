import Glibc

@testable import FCGIApp

/// A real nginx on a free port of the loopback, with its files in a temporary directory.
///
/// The port is opened here and handed over by the variable with which nginx hands its sockets to a new binary, so
/// nothing has to be guessed or waited for. `timeout` ends nginx even if the test run dies.
final class NginxProcess {
    struct Failure: Error {
        var problem: String
    }

    static let path = "/usr/sbin/nginx"
    static var isInstalled: Bool { access(path, X_OK) == 0 }

    let directory: String
    let port: Int
    private let listener: CInt
    private var pid: pid_t?

    init() throws {
        var template = Array("/tmp/nginx-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw Failure(problem: "mkdtemp: \(errno)") }
        directory = String(cString: made)
        // nginx's workers run as another user when the tests run as root.
        chmod(directory, 0o755)

        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                [bind(listener, $0, size), listen(listener, 64), getsockname(listener, $0, &size)].min()
            }
        }
        guard result == 0 else { throw Failure(problem: "bind: \(errno)") }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit {
        end()
        close(listener)
        _ = try? Self.run("/bin/rm", ["-rf", directory], errors: "/dev/null")
    }

    /// A plan for this process whose responder is dead.
    func plan() -> NginxPlan {
        let sources = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()
        var plan = NginxPlan(socket: directory + "/dead.sock", www: sources + "/www", prefix: directory)
        plan.port = port
        plan.openFiles = 1024
        return plan
    }

    /// What `nginx -t` says of `text`; nil when it has no complaint.
    func complaint(about text: String) throws -> String? {
        try write(text)
        let status = try Self.run(
            Self.path, ["-t", "-q", "-c", directory + "/nginx.conf"], errors: directory + "/complaint")
        let output = try self.file("complaint")
        return status == 0 && output.isEmpty ? nil : output
    }

    func start(_ text: String) throws {
        try write(text)
        pid = try Self.spawn(
            "/usr/bin/timeout", ["60", Self.path, "-c", directory + "/nginx.conf"], environment: ["NGINX=3;"],
            descriptors: [(listener, 3)])
    }

    /// Ends nginx and waits, so that all its logs are written.
    func end() {
        guard let pid else { return }
        // QUIT, not TERM: what was answered is also logged.
        kill(pid, SIGQUIT)
        var status: CInt = 0
        waitpid(pid, &status, 0)
        self.pid = nil
    }

    /// Sends `request` as it is and reads until nginx closes.
    func exchange(_ request: String) throws -> String {
        let peer = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        defer { close(peer) }
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(peer, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure(problem: "connect: \(errno)") }
        let bytes = Array(request.utf8)
        guard send(peer, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count else {
            throw Failure(problem: "send: \(errno)")
        }
        return Self.readAll(peer)
    }

    /// The text of the file `name` below the prefix.
    func file(_ name: String) throws -> String {
        let file = open(directory + "/" + name, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Failure(problem: "\(name): \(errno)") }
        defer { close(file) }
        return Self.readAll(file)
    }

    private func write(_ text: String) throws {
        let file = creat(directory + "/nginx.conf", 0o600)
        defer { close(file) }
        let bytes = Array(text.utf8)
        guard Glibc.write(file, bytes, bytes.count) == bytes.count else { throw Failure(problem: "write: \(errno)") }
    }

    /// Runs a program to its end, with its standard error in the file `errors`; gives its status.
    private static func run(_ program: String, _ arguments: [String], errors: String) throws -> CInt {
        let file = open(errors, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure(problem: "\(errors): \(errno)") }
        defer { close(file) }
        let pid = try spawn(program, arguments, environment: [], descriptors: [(file, 2)])
        var status: CInt = 0
        waitpid(pid, &status, 0)
        return status
    }

    private static func spawn(
        _ program: String, _ arguments: [String], environment: [String], descriptors: [(from: CInt, to: CInt)]
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (from, to) in descriptors {
            posix_spawn_file_actions_adddup2(&actions, from, to)
        }
        // Threads of the test run block signals, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let words = ([program] + arguments).map { strdup($0) } + [nil]
        let variables = environment.map { strdup($0) } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var pid: pid_t = 0
        let result = posix_spawn(&pid, program, &actions, &attributes, words, variables)
        guard result == 0 else { throw Failure(problem: "\(program): \(result)") }
        return pid
    }

    private static func readAll(_ file: CInt) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(file, &buffer, buffer.count)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}
