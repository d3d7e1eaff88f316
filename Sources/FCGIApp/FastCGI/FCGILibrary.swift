import CFCGI
import Glibc

/// What we use of libfcgi: its say about descriptor 0, besides the layout of records in `fastcgi.h`.
enum FCGILibrary {
    /// Whether whoever started us passed a listening socket as descriptor 0, as the specification has it.
    static let isResponder: Bool = {
        let isResponder = FCGX_IsCGI() == 0
        // It installs handlers for TERM, USR1 and PIPE even over `SIG_IGN`, and without `SA_RESTART`. PIPE is to be
        // ignored; the others get their default, because our programs block them and wait for them in one thread.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGTERM, SIG_DFL)
        signal(SIGUSR1, SIG_DFL)
        return isResponder
    }()
}
