import Core
import Glibc
import Logging
import Synchronization

/// Writes the lines of the log to standard error: each at once, but in a worker those of level `info` and below a few
/// together, because a write costs more than what it says of one request.
///
/// A write has ``most`` bytes at most unless it is one line, so that lines of several workers do not mix (pipe(7)).
final class LogLines: Sendable {
    private struct State {
        /// Nil while each line is written at once.
        var loop: EventLoop?
        var bytes: [UInt8] = []
    }

    static let shared = LogLines(descriptor: 2)
    private static let most = 4096
    /// How long a line is held back; a worker that is killed loses those of so long.
    private static let delay = Duration.milliseconds(5)

    private let descriptor: Int32
    private let state = Mutex(State())

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Holds lines back from now on, with `loop` as the clock.
    func begin(on loop: EventLoop) { state.withLock { $0.loop = loop } }

    /// Writes what is held back, and each line at once from now on.
    func end() {
        state.withLock { state in
            flush(&state)
            state.loop = nil
        }
    }

    /// - Parameter line: With its line feed.
    func add(_ line: [UInt8], level: Logger.Level) {
        let begun: EventLoop? = state.withLock { state in
            if state.bytes.count + line.count > Self.most { flush(&state) }
            let isFirst = state.bytes.isEmpty
            state.bytes += line
            guard let loop = state.loop, level <= .info, line.count <= Self.most else {
                flush(&state)
                return nil
            }
            return isFirst ? loop : nil
        }
        begun?.run { [self] in
            begun?.after(Self.delay) { [self] in state.withLock { flush(&$0) } }
        }
    }

    private func flush(_ state: inout State) {
        guard !state.bytes.isEmpty else { return }
        _ = state.bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        state.bytes.removeAll(keepingCapacity: true)
    }
}
