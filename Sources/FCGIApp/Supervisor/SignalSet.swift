import CFCGI
import Glibc

/// Signals that a program waits for instead of handling them.
struct SignalSet {
    private var set = sigset_t()

    /// Blocks `signals` in this thread and all that it starts; so call it before there are others.
    init(blocking signals: [Int32]) {
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Blocks this thread until one of the signals comes.
    func wait() -> Int32 {
        var set = set
        var signal: Int32 = 0
        while sigwait(&set, &signal) != 0 {}
        return signal
    }

    /// A descriptor that is readable while one of the signals is pending; the caller closes it.
    func makeDescriptor() throws -> Int32 {
        var set = set
        let descriptor = cfcgi_signalfd(&set)
        guard descriptor >= 0 else { throw SystemCallError("signalfd") }
        return descriptor
    }
}
