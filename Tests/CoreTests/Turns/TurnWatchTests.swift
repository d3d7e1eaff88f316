import Testing

@testable import Core

@Suite(.timeLimit(.minutes(1))) struct TurnWatchTests {
    private let fixture: GatewayFixture
    private let user: User

    init() throws {
        fixture = try GatewayFixture()
        _ = try fixture.addUser("u")
        user = try #require(try fixture.store.user(User.ID(owner: User.selfOwner, userID: "u")))
    }

    @Test func `a turn that waits for long is woken, and once`() async throws {
        let ticket = TurnWatch(store: fixture.store, interval: .milliseconds(5)).enter(user, nil)
        let woken = AsyncStream<Void>.makeStream()
        ticket.control(ReplyControl(wake: { woken.continuation.yield() }))
        var wakes = woken.stream.makeAsyncIterator()

        ticket.wake(at: .now + .milliseconds(20))
        _ = await wakes.next()
        ticket.wake(at: .now + .milliseconds(20))
        _ = await wakes.next()

        #expect(ticket.refusal == nil)
    }

    @Test func `the turn of one that was removed is ended, whatever it waits for`() async throws {
        let ticket = TurnWatch(store: fixture.store, interval: .milliseconds(5)).enter(user, nil)
        let ended = AsyncStream<Void>.makeStream()
        ticket.control(ReplyControl(cancel: { ended.continuation.yield() }))

        _ = try await (fixture.store as any Store).removeUser(user, keepConversations: false, withUsers: false)
        for await _ in ended.stream { break }

        #expect(ticket.refusal != nil)
        await #expect(throws: GatewayError.self) { try await ticket.run { try await Task.sleep(for: .seconds(3600)) } }
    }
}
