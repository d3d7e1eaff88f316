import Glibc

/// How a process ended.
enum ProcessEnd: Equatable, CustomStringConvertible {
    case exited(Int32)
    case killed(signal: Int32)
    /// It never ran.
    case notStarted

    /// Reads the status of `waitpid(2)`, whose macros Swift does not see.
    init(waitStatus: Int32) {
        let signal = waitStatus & 0x7F
        self = signal == 0 ? .exited((waitStatus >> 8) & 0xFF) : .killed(signal: signal)
    }

    var description: String {
        switch self {
        case .exited(let code): "exit code \(code)"
        case .killed(let signal): "signal \(signal) (\(String(cString: strsignal(signal))))"
        case .notStarted: "could not be started"
        }
    }
}
