import Testing

@testable import Core

@Suite(.timeLimit(.minutes(1))) struct PendingTests {
    private final class NotSendable {
        let number: Int
        init(_ number: Int) { self.number = number }
    }

    private struct Failure: Error {}

    @Test func `the outcome is handed over`() async throws {
        let pending = Pending { NotSendable(7) }
        try await pending.settle(within: .seconds(30))
        #expect(try await pending.value(within: .seconds(30))?.number == 7)
    }

    @Test func `what takes too long goes on and can be waited for again`() async throws {
        let (gate, opener) = AsyncStream<Void>.makeStream()
        let pending = Pending {
            for await _ in gate { break }
            return 1
        }
        #expect(try await pending.value(within: .milliseconds(1)) == nil)
        try await pending.settle(within: .milliseconds(1))
        opener.yield()
        #expect(try await pending.value(within: nil) == 1)
    }

    @Test func `a wait can be ended from elsewhere`() async throws {
        let pending = Pending { try await Task.sleep(for: .seconds(3600)) }
        let waiting = Task { try await pending.value(within: nil) == nil }
        let waking = Task {
            while !Task.isCancelled {
                pending.wake()
                await Task.yield()
            }
        }
        #expect(try await waiting.value)
        waking.cancel()
    }

    @Test func `a failure is thrown, also where only the end is asked for`() async throws {
        let pending = Pending { throw Failure() }
        await #expect(throws: Failure.self) { try await pending.settle(within: nil) }
        await #expect(throws: Failure.self) { try await pending.value(within: nil) }
    }

    @Test func `one that waits and is cancelled ends the work`() async {
        let pending = Pending { try await Task.sleep(for: .seconds(3600)) }
        let waiting = Task { try await pending.value(within: nil) }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
    }
}
