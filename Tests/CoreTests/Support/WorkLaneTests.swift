import Synchronization
import Testing

@testable import Core

@Suite(.timeLimit(.minutes(1)))
struct WorkLaneTests {
    @Test func runsTheCallersByTurns() async throws {
        let lane = WorkLane(threads: 1)
        let (gate, order) = (Gate(), Order())
        let first = Task { try await lane.run(for: "a") { gate.pass() } }
        while !gate.isWaitedFor { await Task.yield() }
        var tasks: [Task<Void, any Error>] = []
        for (caller, name) in [("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1")] {
            let before = lane.waiting
            tasks.append(Task { try await lane.run(for: caller) { order.add(name) } })
            while lane.waiting == before { await Task.yield() }
        }

        gate.open()
        for task in tasks + [first] { try await task.value }

        #expect(order.names == ["a1", "b1", "a2", "a3"])
    }

    @Test func asksAgainForAPartUntilItsTimeIsUp() async throws {
        let lane = WorkLane(threads: 1, most: 1)
        let gate = Gate()
        let first = Task { try await lane.run(for: "a") { gate.pass() } }
        while !gate.isWaitedFor { await Task.yield() }
        let second = Task { try await lane.run(for: "a") { 2 } }
        while lane.waiting == 0 { await Task.yield() }

        await #expect(throws: WorkLane.TooMany.self) { try await lane.runPart(for: "b", refusedAfter: .zero) { 3 } }
        let part = Task { try await lane.runPart(for: "b") { 4 } }
        try await Task.sleep(for: .milliseconds(120))
        gate.open()

        #expect(try await part.value == 4)
        #expect(try await second.value == 2)
        try await first.value
    }

    @Test func refusesTheNextOfACallerWhoHasEnoughWaiting() async throws {
        let lane = WorkLane(threads: 1, mostOfCaller: 1)
        let gate = Gate()
        let first = Task { try await lane.run(for: "a") { gate.pass() } }
        while !gate.isWaitedFor { await Task.yield() }
        let second = Task { try await lane.run(for: "a") { 2 } }
        while lane.waiting == 0 { await Task.yield() }

        await #expect(throws: WorkLane.TooMany.self) { try await lane.run(for: "a") { 3 } }
        let other = Task { try await lane.run(for: "b") { 4 } }
        gate.open()

        #expect(try await second.value == 2)
        #expect(try await other.value == 4)
        try await first.value
    }

    @Test func doesNotRunWhatNobodyWaitsForAnyMore() async throws {
        let lane = WorkLane(threads: 1)
        let (gate, order) = (Gate(), Order())
        let first = Task { try await lane.run(for: "a") { gate.pass() } }
        while !gate.isWaitedFor { await Task.yield() }
        let second = Task { try await lane.run(for: "a") { order.add("second") } }
        while lane.waiting == 0 { await Task.yield() }

        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        gate.open()
        try await first.value
        try await lane.run(for: "a") { order.add("third") }

        #expect(order.names == ["third"])
    }
}

private final class Order: Sendable {
    private let state = Mutex<[String]>([])
    var names: [String] { state.withLock { $0 } }
    func add(_ name: String) { state.withLock { $0.append(name) } }
}

private final class Gate: Sendable {
    private let condition = ConditionMutex()
    private let isOpen = Atomic(false)
    private let hasCome = Atomic(false)

    var isWaitedFor: Bool { hasCome.load(ordering: .acquiring) }

    func pass() {
        hasCome.store(true, ordering: .releasing)
        condition.withLock { while !isOpen.load(ordering: .acquiring) { condition.wait() } }
    }

    func open() {
        condition.withLock {
            isOpen.store(true, ordering: .releasing)
            condition.wakeAll()
        }
    }
}
