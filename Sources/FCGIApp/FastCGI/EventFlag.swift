import CFCGI
import Glibc

/// A flag that threads wait for with `poll(2)`; an eventfd.
final class EventFlag: Sendable {
    /// Readable while the flag is raised; open as long as this object lives.
    let descriptor: Int32

    init() throws {
        descriptor = cfcgi_eventfd()
        guard descriptor >= 0 else { throw SystemCallError("eventfd") }
    }

    deinit { close(descriptor) }

    /// Raises the flag; it stays raised until ``lower()``.
    func raise() {
        var one: UInt64 = 1
        // The only failure is a counter at its maximum, and then the flag is raised.
        _ = write(descriptor, &one, 8)
    }

    func lower() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }

    /// Blocks this thread until the flag is raised or `timeout` is over; true if it is raised.
    func wait(atMost timeout: Duration) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, timeout.pollTimeout) > 0
    }
}
