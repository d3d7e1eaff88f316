import CFCGI
import Glibc

/// The process-wide state of libfcgi.
enum FCGILibrary {
    /// Prepares libfcgi once; later calls do nothing.
    ///
    /// `FCGX_Init` installs handlers for TERM, USR1 and PIPE even over `SIG_IGN`, and without `SA_RESTART`,
    /// which truncates output when a signal comes. So the dispositions are set again afterwards: PIPE is ignored,
    /// the others get their default, because our programs block them and wait for them in one thread.
    static func initialize() { _ = once }

    private static let once: Void = {
        FCGX_Init()
        signal(SIGPIPE, SIG_IGN)
        signal(SIGTERM, SIG_DFL)
        signal(SIGUSR1, SIG_DFL)
    }()
}
