import Glibc
import Synchronization
import Testing

@testable import Core

@Suite(.timeLimit(.minutes(1)))
struct EventLoopTests {
    @Test func runsTasksOfManyThreadsOnOneThread() async {
        let loop = EventLoop()

        let threads = await withTaskGroup(of: pthread_t.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    let task = Task(executorPreference: loop) {
                        await Task.yield()
                        return pthread_self()
                    }
                    return await task.value
                }
            }
            return await group.reduce(into: Set()) { $0.insert($1) }
        }

        #expect(threads.count == 1)
    }

    @Test func oneThatBlocksHoldsUpNobody() async {
        let loop = EventLoop()
        let gate = Semaphore()

        let blocked = (0..<20).map { _ in
            Task(executorPreference: loop) {
                RequestExecutor.blocking { gate.wait() }
                return loop.isCurrent
            }
        }
        // Each of them has begun before this one.
        await Task(executorPreference: loop) {}.value
        for _ in 0..<20 { gate.signal() }

        for task in blocked {
            #expect(await !task.value)
        }
    }

    @Test func tellsOfInputUntilTheWatchEnds() async throws {
        let loop = EventLoop()
        var ends: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { ends.forEach { close($0) } }
        let (reading, writing) = (ends[0], ends[1])
        let told = Semaphore()
        loop.run {
            nonisolated(unsafe) var watch: EventLoop.Watch?
            watch = loop.watch(reading, for: .input) { what in
                if let watch, what.contains(.input) { loop.end(watch) }
                told.signal()
            }
        }

        _ = write(writing, "x", 1)

        #expect(told.wait(atMost: .seconds(30)))
        #expect(!told.wait(atMost: .milliseconds(50)))
    }

    @Test func runsWhatIsDueLater() async {
        let loop = EventLoop()
        let start = ContinuousClock.now

        await withCheckedContinuation { continuation in
            loop.run { loop.after(.milliseconds(30)) { continuation.resume() } }
        }

        #expect(ContinuousClock.now - start >= .milliseconds(30))
    }
}
