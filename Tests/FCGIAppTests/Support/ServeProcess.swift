import CFCGI
import Glibc

@testable import FCGIApp

/// The real program, `serve`, as a child process; ended with the test.
final class ServeProcess: Sendable {
    let pid: Int32
    let socket: String
    private let output: Int32
    private let directory: TemporaryDirectory

    init(in directory: TemporaryDirectory, workers: Int = 2) throws {
        self.directory = directory
        socket = directory.file("s.sock")
        let program = try Self.program()
        let arguments = [
            program, "serve", "--settings", directory.file("settings.json"), "--state-dir", directory.file("state"),
            "--socket", socket, "--workers", String(workers), "--drain-seconds", "20",
        ]
        var reading: Int32 = -1
        var writing: Int32 = -1
        guard cfcgi_pipe(&reading, &writing) == 0 else { throw SystemCallError("pipe") }
        defer { close(writing) }
        output = reading
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, writing, 1)
        posix_spawn_file_actions_addopen(&actions, 2, directory.file("log"), O_WRONLY | O_CREAT | O_APPEND, 0o600)
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var pid: Int32 = 0
        let status = posix_spawn(&pid, program, &actions, nil, &pointers, environ)
        guard status == 0 else { throw SystemCallError("posix_spawn", number: status) }
        self.pid = pid
    }

    deinit {
        close(output)
        // After `wait()` there is no such process, or none of ours.
        if waitpid(pid, nil, WNOHANG) == 0 {
            kill(pid, SIGTERM)
            waitpid(pid, nil, 0)
        }
    }

    func signal(_ signal: Int32) { kill(pid, signal) }

    /// Blocks until the program writes a line; what it wrote until then.
    func line() -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while byte != UInt8(ascii: "\n"), Glibc.read(output, &byte, 1) == 1 { bytes.append(byte) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Blocks until the program has ended.
    func wait() -> ProcessEnd {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return ProcessEnd(waitStatus: status)
    }

    /// The workers that are running now.
    func workers() -> Set<Int32> {
        Set(Self.read("/proc/\(pid)/task/\(pid)/children").split(separator: " ").compactMap { Int32($0) })
    }

    /// Blocks until the log contains `text`; false after a generous time.
    func waitForLog(_ text: String, times: Int = 1) -> Bool {
        waitUntil {
            Self.read(self.directory.file("log")).split(separator: text, omittingEmptySubsequences: false).count > times
        }
    }

    /// Blocks until `condition` holds; false after a generous time.
    func waitUntil(_ condition: () -> Bool) -> Bool {
        let deadline = ContinuousClock.now + .seconds(60)
        while !condition() {
            guard ContinuousClock.now < deadline else { return false }
            poll(nil, 0, 5)
        }
        return true
    }

    static func read(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = Glibc.read(descriptor, &buffer, buffer.count), count > 0 {
            bytes += buffer.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The program lies beside the test bundle, whose path is in our memory map or our arguments.
    private static func program() throws -> String {
        for line in read("/proc/self/maps").split(separator: "\n") where line.contains("PackageTests.xctest") {
            guard let slash = line.firstIndex(of: "/"), let end = line.lastIndex(of: "/") else { continue }
            let program = "\(line[slash..<end])/chatgpt-api-server"
            if access(program, X_OK) == 0 { return program }
        }
        throw SystemCallError("finding chatgpt-api-server beside the tests", number: ENOENT)
    }
}
