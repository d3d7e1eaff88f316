import CLoop
import Glibc
import Synchronization

/// The one thread of a worker on which connections, upstreams and the tasks of turns run: an epoll loop.
///
/// What runs here needs no other thread to be woken: bytes come in, the task that waits for them goes on, and its
/// answer leaves, all in one round. Jobs of tasks come by `executorPreference`, the rest by ``watch(_:for:_:)``,
/// ``run(_:)`` and ``after(_:_:)``.
///
/// The loop is a role that one thread has at a time. Who is going to block says so by ``RequestExecutor/blocking(_:)``,
/// and another thread takes the loop over before it does; the one that was blocked ends its job beside it. So a lock
/// that somebody keeps or a slow sync holds up only those that want it, while work that takes CPU time would hold up
/// all: that belongs on ``WorkLane`` or on a ``RequestExecutor``.
///
/// Unchecked: all but `shared` and what never changes is touched only by the thread that has the loop, and the loop
/// changes hands under the lock of `shared`.
package final class EventLoop: TaskExecutor, @unchecked Sendable {
    /// What a descriptor is watched for; that its peer leaves is always told.
    package struct Interest: OptionSet, Sendable {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        package static let input = Interest(rawValue: Int32(CLOOP_READABLE))
        package static let room = Interest(rawValue: Int32(CLOOP_WRITABLE))
        package static let hangUp = Interest(rawValue: Int32(CLOOP_HUNG_UP))
        /// With `input`: of a socket on which others accept, too.
        package static let isShared = Interest(rawValue: Int32(CLOOP_EXCLUSIVE))
    }

    /// One descriptor that is watched, until ``end(_:)``.
    package struct Watch {
        fileprivate let token: UInt64
        fileprivate let descriptor: Int32
    }

    /// Something with descriptors and deadlines of its own that takes part in each round, on the loop.
    package protocol Source: AnyObject {
        /// Readable when there is something to do.
        var descriptor: Int32 { get }
        /// After how many milliseconds there is something to do at the latest; negative for never.
        var pause: Int32 { get }
        func act(isReadable: Bool)
    }

    private struct Shared {
        var jobs: [UnownedJob] = []
        var bodies: [@Sendable () -> Void] = []
        /// Whether the loop must be woken to see them.
        var isAsleep = false
        /// How many threads wait for the loop, and how many are blocked.
        var idle = 0
        var blocked = 0

        /// Notes that the loop is going to wait; false if there is something to do.
        mutating func sleep() -> Bool {
            isAsleep = jobs.isEmpty && bodies.isEmpty
            return isAsleep
        }
    }

    /// The loop of this process.
    package static let shared = EventLoop()
    /// How many threads that have had the loop may be blocked at a time by waits that can be refused.
    private static let mostBlocked = RequestExecutor.most - RequestExecutor.reserve
    private static let mostIdle = 4
    /// After so many jobs, or so long, descriptors are looked at again.
    private static let jobsInARow = 128
    private static let longestRow = Duration.milliseconds(1)
    private static let wakeToken: UInt64 = 0

    private let epoll = cloop_epoll()
    private let wakeUp = cloop_eventfd()
    private let shared = Mutex(Shared())
    private let handOver = Semaphore()

    private let events = UnsafeMutablePointer<cloop_event>.allocate(capacity: 256)
    private var jobs = JobQueue()
    private var bodies: ArraySlice<@Sendable () -> Void> = []
    private var nextToken: UInt64 = 1
    private var watches: [UInt64: (Interest) -> Void] = [:]
    private var timers: [(due: ContinuousClock.Instant, body: @Sendable () -> Void)] = []
    private var sources: [any Source] = []

    /// Starts the loop, which runs as long as the process.
    package init() {
        guard epoll >= 0, wakeUp >= 0, cloop_add(epoll, wakeUp, Self.wakeToken, Interest.input.rawValue) == 0 else {
            _ = "cannot watch descriptors\n".withCString { write(2, $0, strlen($0)) }
            exit(71)
        }
        startThread(stackSize: RequestExecutor.stackSize) { [self] in work() }
    }

    /// Whether this thread has the loop now.
    package var isCurrent: Bool { Holder.current.map { $0.loop === self && $0.hasLoop } ?? false }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent { return jobs.push(job) }
        wake { $0.jobs.append(job) }
    }

    /// Runs `body` on the loop: at once if this is its thread, else soon, after what was given before by this thread.
    package func run(_ body: @escaping @Sendable () -> Void) {
        if isCurrent { return body() }
        wake { $0.bodies.append(body) }
    }

    // MARK: On the loop

    /// Has `action` called as long as something of `interest` is there or the peer has left.
    package func watch(
        _ descriptor: Int32, for interest: Interest, _ action: @escaping (_ what: Interest) -> Void
    ) -> Watch? {
        let watch = Watch(token: nextToken, descriptor: descriptor)
        // A token is never used twice, so that an event of one that has ended reaches nobody.
        nextToken += 1
        guard cloop_add(epoll, descriptor, watch.token, interest.rawValue) == 0 else { return nil }
        watches[watch.token] = action
        return watch
    }

    package func change(_ watch: Watch, to interest: Interest) {
        // Fails only for want of kernel memory.
        _ = cloop_change(epoll, watch.descriptor, watch.token, interest.rawValue)
    }

    /// Ends a watch; must come before its descriptor is closed.
    package func end(_ watch: Watch) {
        watches[watch.token] = nil
        cloop_remove(epoll, watch.descriptor)
    }

    /// Has `body` called once; for a few at a time, because they are looked through in each round.
    package func after(_ pause: Duration, _ body: @escaping @Sendable () -> Void) {
        timers.append((.now + pause, body))
    }

    package func attach(_ source: any Source) {
        let watch = watch(source.descriptor, for: .input) { [unowned source] _ in source.act(isReadable: true) }
        guard watch != nil else { return }
        sources.append(source)
    }

    private func run(_ holder: Holder) {
        while holder.hasLoop {
            takeShared()
            while holder.hasLoop, let body = bodies.popFirst() { body() }
            var count = 0
            let end = ContinuousClock.now + Self.longestRow
            while holder.hasLoop, jobs.lastPop < end, count < Self.jobsInARow, let job = jobs.pop() {
                count += 1
                job.runSynchronously(on: asUnownedTaskExecutor())
            }
            if holder.hasLoop { wait(holder) }
        }
    }

    /// Takes what other threads have brought.
    private func takeShared() {
        let brought = shared.withLock { shared in
            shared.isAsleep = false
            let brought = (shared.jobs, shared.bodies)
            if !shared.jobs.isEmpty { shared.jobs = [] }
            if !shared.bodies.isEmpty { shared.bodies = [] }
            return brought
        }
        for job in brought.0 { jobs.push(job) }
        bodies += brought.1
    }

    /// Waits for events, not at all if there are jobs, and handles them.
    private func wait(_ holder: Holder) {
        var pause = jobs.isEmpty ? pauseOfTimers : 0
        for source in sources where pause != 0 {
            let wanted = source.pause
            if wanted >= 0 { pause = pause < 0 ? wanted : min(pause, wanted) }
        }
        if pause != 0, !shared.withLock({ $0.sleep() }) { pause = 0 }
        let count = Int(cloop_wait(epoll, events, 256, pause))
        // Only EINTR is possible as a failure.
        for index in 0..<max(0, count) where holder.hasLoop {
            let event = events[index]
            if event.token == Self.wakeToken {
                var value: UInt64 = 0
                _ = read(wakeUp, &value, 8)
            } else {
                watches[event.token]?(Interest(rawValue: event.what))
            }
        }
        for source in sources where holder.hasLoop && source.pause == 0 { source.act(isReadable: false) }
        while holder.hasLoop, !timers.isEmpty, let index = timers.firstIndex(where: { $0.due <= .now }) {
            timers.remove(at: index).body()
        }
    }

    private var pauseOfTimers: Int32 {
        guard let first = timers.map(\.due).min() else { return -1 }
        // Rounded up, so that it is due then.
        return Int32(clamping: max(0, (first - .now).microseconds) / 1000 + 1)
    }

    private func wake(_ bring: (inout Shared) -> Void) {
        let wasAsleep = shared.withLock { shared in
            bring(&shared)
            defer { shared.isAsleep = false }
            return shared.isAsleep
        }
        guard wasAsleep else { return }
        var one: UInt64 = 1
        _ = write(wakeUp, &one, 8)
    }

    // MARK: Threads

    /// A thread that has the loop or has had it.
    private final class Holder {
        let loop: EventLoop
        var hasLoop = true

        init(_ loop: EventLoop) { self.loop = loop }

        static let key: pthread_key_t = {
            var key = pthread_key_t()
            pthread_key_create(&key, nil)
            return key
        }()

        /// That of this thread.
        static var current: Holder? {
            pthread_getspecific(key).map { Unmanaged<Holder>.fromOpaque($0).takeUnretainedValue() }
        }
    }

    /// The body of a thread to which the loop was given.
    private func work() {
        let holder = Holder(self)
        withExtendedLifetime(holder) {
            pthread_setspecific(Holder.key, Unmanaged.passUnretained(holder).toOpaque())
            repeat {
                holder.hasLoop = true
                run(holder)
            } while waitForLoop()
        }
    }

    /// Waits until the loop is given to this thread; false if enough others wait for that.
    private func waitForLoop() -> Bool {
        let isOne = shared.withLock { shared in
            guard shared.idle < Self.mostIdle else { return false }
            shared.idle += 1
            return true
        }
        if isOne { handOver.wait() }
        return isOne
    }

    /// Runs `body`, which may block, while another thread has the loop, if this one has it.
    static func blocking<Result>(_ body: () -> Result) -> Result {
        guard let holder = Holder.current else { return body() }
        let loop = holder.loop
        loop.giveAway(by: holder)
        defer { loop.shared.withLock { $0.blocked -= 1 } }
        return body()
    }

    /// The same for a wait that may be refused: nil where too many are blocked already.
    static func waiting<Result>(_ body: () -> Result) -> Result? {
        if let loop = Holder.current?.loop, loop.shared.withLock({ $0.blocked >= mostBlocked }) { return nil }
        return blocking(body)
    }

    private func giveAway(by holder: Holder) {
        let isAnother = shared.withLock { shared in
            shared.blocked += 1
            guard holder.hasLoop, shared.idle > 0 else { return !holder.hasLoop }
            shared.idle -= 1
            handOver.signal()
            return true
        }
        holder.hasLoop = false
        if !isAnother { startThread(stackSize: RequestExecutor.stackSize) { [self] in work() } }
    }
}
