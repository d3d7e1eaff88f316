import CFCGI
import Glibc

/// How the supervisor starts a worker process, and what they tell each other.
struct WorkerLaunch {
    /// Names the variable that holds the descriptor on which a worker says that it accepts.
    static let readinessVariable = "CHATGPT_API_SERVER_READY_FD"
    /// Names the variable that holds the supervisor's process id.
    static let supervisorVariable = "CHATGPT_API_SERVER_SUPERVISOR"
    /// Names the variable that holds the descriptor from which a worker reads its settings.
    static let settingsVariable = "CHATGPT_API_SERVER_SETTINGS_FD"
    /// Names the variable that holds the descriptor of the worker's own listening socket.
    static let socketVariable = "CHATGPT_API_SERVER_SOCKET_FD"
    private static let readinessDescriptor: Int32 = 3
    private static let settingsDescriptor: Int32 = 4
    private static let socketDescriptor: Int32 = 5

    /// The program, resolved once, so that a reload starts what has replaced its file.
    let executable: String
    let arguments: [String]
    /// What workers get, and not what stands in the file by then.
    let settings: KeptSettings

    /// A worker of this very program with `arguments`.
    init(arguments: [String], settings: KeptSettings) throws {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { readlink("/proc/self/exe", $0, text.count) } ?? -1
            }
        }
        guard count > 0, count < buffer.count else { throw SystemCallError("readlink /proc/self/exe") }
        executable = String(decoding: buffer[..<count], as: UTF8.self)
        self.arguments = arguments
        self.settings = settings
    }

    /// Starts a worker that accepts on `listening`, which all share, and on `own`.
    ///
    /// - Returns: Its process id and a descriptor that yields one byte once it accepts; the caller closes it.
    func start(listening: Int32, own: Int32) throws -> (pid: Int32, readiness: Int32) {
        var reading: Int32 = -1
        var writing: Int32 = -1
        guard cfcgi_pipe(&reading, &writing) == 0 else { throw SystemCallError("pipe") }
        defer { close(writing) }
        do {
            return (try spawn(listening: listening, own: own, readiness: writing), reading)
        } catch {
            close(reading)
            throw error
        }
    }

    private func spawn(listening: Int32, own: Int32, readiness: Int32) throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Copies lose close-on-exec; nothing else of ours is inherited.
        posix_spawn_file_actions_adddup2(&actions, listening, 0)
        // Standard output belongs to the supervisor alone.
        posix_spawn_file_actions_adddup2(&actions, 2, 1)
        posix_spawn_file_actions_adddup2(&actions, readiness, Self.readinessDescriptor)
        posix_spawn_file_actions_adddup2(&actions, settings.descriptor, Self.settingsDescriptor)
        posix_spawn_file_actions_adddup2(&actions, own, Self.socketDescriptor)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var pid: Int32 = 0
        let status = Self.withCStrings([executable] + arguments) { arguments in
            Self.withCStrings(Self.environment()) { environment in
                posix_spawn(&pid, executable, &actions, &attributes, arguments, environment)
            }
        }
        guard status == 0 else { throw SystemCallError("posix_spawn \(executable)", number: status) }
        return pid
    }

    /// Our environment with what a worker needs.
    private static func environment() -> [String] {
        let own = [
            // The backtracer freezes a dying worker for seconds and prints the contents of registers.
            "SWIFT_BACKTRACE=enable=no",
            // The loop goes from thread to thread, and each arena keeps what it once held: with four, two workers grew
            // from 48 to 403 MiB in ten runs of 2,000 streams; with one they stayed at 162 from the first on.
            "MALLOC_ARENA_MAX=1",
            "\(readinessVariable)=\(readinessDescriptor)",
            "\(settingsVariable)=\(settingsDescriptor)",
            "\(socketVariable)=\(socketDescriptor)",
            "\(supervisorVariable)=\(getpid())",
        ]
        let names = own.map { $0.prefix { $0 != "=" } + "=" }
        var inherited: [String] = []
        var entry = environ
        while let text = entry.pointee {
            let line = String(cString: text)
            if !names.contains(where: { line.hasPrefix($0) }) { inherited.append(line) }
            entry += 1
        }
        return inherited + own
    }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { preconditionFailure("an array with an element has an address") }
            return body(start)
        }
    }
}
