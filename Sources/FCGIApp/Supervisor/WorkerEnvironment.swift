import CFCGI
import Core
import Glibc

/// What a worker process finds when it starts, and what it owes to whoever started it.
enum WorkerEnvironment {
    /// Has the kernel send us TERM when the supervisor dies; false if it is dead already.
    ///
    /// Does nothing without a supervisor.
    static func endWithSupervisor() -> Bool {
        guard let supervisor = integer(WorkerLaunch.supervisorVariable) else { return true }
        unsetenv(WorkerLaunch.supervisorVariable)
        cfcgi_signal_when_parent_ends(SIGTERM)
        // It may have died before the kernel knew what we want.
        return getppid() == supervisor
    }

    /// Lets as many connections be open as the administrator allows at all.
    static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
    }

    /// The inherited listening sockets: descriptor 3 if systemd says so (`sd_listen_fds(3)`), else 0, which all workers
    /// share; and the one of our own, if a supervisor made us one.
    static func listeners() throws -> [FCGIServer.Listener] {
        let isFromSystemd = integer("LISTEN_PID") == getpid() && integer("LISTEN_FDS") == 1
        let descriptor: Int32 = isFromSystemd ? 3 : FCGI_LISTENSOCK_FILENO
        guard isFromSystemd || FCGILibrary.isResponder, isListening(descriptor) else {
            throw CommandFailure(
                "Descriptor \(descriptor) is not a listening socket. Use `serve`, spawn-fcgi or a systemd socket.")
        }
        let shared = FCGIServer.Listener(descriptor: descriptor)
        guard let own = integer(WorkerLaunch.socketVariable) else { return [shared] }
        unsetenv(WorkerLaunch.socketVariable)
        return [shared, FCGIServer.Listener(descriptor: own, isShared: false)]
    }

    private static func isListening(_ descriptor: Int32) -> Bool {
        var isListening: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &size) == 0 && isListening != 0
    }

    /// The settings that the supervisor kept; nil without a supervisor.
    static func keptSettings() throws -> Settings? {
        guard let descriptor = integer(WorkerLaunch.settingsVariable) else { return nil }
        unsetenv(WorkerLaunch.settingsVariable)
        defer { close(descriptor) }
        return try SettingsSnapshot(bytes: KeptSettings.bytes(in: descriptor)).settings
    }

    /// Tells the supervisor, if there is one, that we accept.
    static func reportReady() {
        guard let descriptor = integer(WorkerLaunch.readinessVariable) else { return }
        unsetenv(WorkerLaunch.readinessVariable)
        var byte = UInt8(ascii: "+")
        _ = write(descriptor, &byte, 1)
        close(descriptor)
    }

    private static func integer(_ name: String) -> Int32? {
        getenv(name).flatMap { Int32(String(cString: $0)) }
    }
}
