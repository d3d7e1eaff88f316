import Glibc
import Synchronization
import Testing

@testable import Core

/// What is blocked holds up nothing else.
@Suite(.timeLimit(.minutes(1)))
struct RequestExecutorTests {
    @Test func runsOthersWhileMoreTasksBlockThanItHasThreads() async throws {
        let executor = RequestExecutor(threads: 4)
        let gate = Gate()
        let blocked = (0..<100).map { _ in
            Task(executorPreference: executor) { RequestExecutor.blocking { gate.pass() } }
        }

        await Task(executorPreference: executor) {}.value

        #expect(gate.isClosed)
        gate.open()
        for task in blocked { await task.value }
    }

    @Test func makesNoThreadsForBlocksThatAreShort() async {
        let executor = RequestExecutor(threads: 4)

        let tasks = (0..<500).map { _ in
            Task(executorPreference: executor) { RequestExecutor.blocking { _ = sched_yield() } }
        }
        for task in tasks { await task.value }

        #expect(executor.threadCount < 100)
    }

    @Test func refusesAWaitThatWouldTakeTheLastThreads() async throws {
        let executor = RequestExecutor(threads: 2)
        let gate = Gate()
        let waits = (0..<RequestExecutor.most).map { _ in
            Task(executorPreference: executor) {
                RequestExecutor.waiting { gate.pass() } == nil
            }
        }

        await Task(executorPreference: executor) {}.value

        #expect(gate.isClosed)
        #expect(executor.threadCount <= RequestExecutor.most)
        gate.open()
        var refused = 0
        for task in waits where await task.value { refused += 1 }
        #expect(refused == RequestExecutor.reserve)
    }

    @Test func letsThreadsGoThatWereAdded() async throws {
        let executor = RequestExecutor(threads: 2, idleTime: .milliseconds(20))
        let gate = Gate()
        let blocked = (0..<50).map { _ in
            Task(executorPreference: executor) { RequestExecutor.blocking { gate.pass() } }
        }
        while executor.threadCount < 50 { try await Task.sleep(for: .milliseconds(1)) }

        gate.open()
        for task in blocked { await task.value }

        while executor.threadCount > 2 { try await Task.sleep(for: .milliseconds(1)) }
    }
}

/// A wait that ends for all when it is opened.
private final class Gate: Sendable {
    private let condition = ConditionMutex()
    private let state = Atomic(true)

    var isClosed: Bool { state.load(ordering: .acquiring) }

    func pass() { condition.withLock { while isClosed { condition.wait() } } }

    func open() {
        condition.withLock {
            state.store(false, ordering: .releasing)
            condition.wakeAll()
        }
    }
}
