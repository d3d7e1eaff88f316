import Glibc

/// Starts a detached thread that runs `body`, with every signal blocked so that only `sigwait` sees them.
///
/// Not Foundation's `Thread`, which would bring all of Foundation into the binary. A process that cannot
/// start its threads cannot work: it says so and ends.
package func startThread(stackSize: Int = 512 << 10, _ body: @escaping @Sendable () -> Void) {
    final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var everySignal = sigset_t()
    var before = sigset_t()
    sigfillset(&everySignal)
    pthread_sigmask(SIG_BLOCK, &everySignal, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }

    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackSize)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))

    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body)).toOpaque()
    let status = pthread_create(
        &thread, &attributes,
        { argument in
            if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        }, box)
    guard status == 0 else {
        _ = "cannot start a thread\n".withCString { write(2, $0, strlen($0)) }
        exit(71)
    }
}
