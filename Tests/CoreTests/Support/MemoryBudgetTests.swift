import Testing

@testable import Core

@Suite(.timeLimit(.minutes(1)))
struct MemoryBudgetTests {
    @Test func givesWhatComesBackToThoseThatWait() async {
        let budget = MemoryBudget(bytes: 100)
        var first = await budget.take(80, for: "a", atMost: .seconds(30))
        #expect(first != nil)
        let second = Task { await budget.take(50, for: "b", atMost: .seconds(30)) != nil }
        while budget.waiting == 0 { await Task.yield() }
        #expect(budget.held == 80)

        first = nil

        #expect(await second.value)
        while budget.held > 0 { await Task.yield() }
    }

    @Test func givesMoreThanTheLimitToOneThatIsAlone() async {
        let budget = MemoryBudget(bytes: 100)

        let share = await budget.take(1000, for: "a", atMost: .seconds(30))

        #expect(share != nil)
    }

    @Test func refusesWhoWaitedLongEnough() async {
        let budget = MemoryBudget(bytes: 100)
        let share = await budget.take(100, for: "a", atMost: .seconds(30))

        let late = await budget.take(1, for: "a", atMost: .milliseconds(10))

        #expect(late == nil)
        #expect(budget.waiting == 0)
        withExtendedLifetime(share) {}
    }

    @Test func forgetsWhoLeft() async {
        let budget = MemoryBudget(bytes: 100)
        let share = await budget.take(100, for: "a", atMost: .seconds(30))
        let leaving = Task { await budget.take(1, for: "a", atMost: .seconds(30)) == nil }
        while budget.waiting == 0 { await Task.yield() }

        leaving.cancel()

        #expect(await leaving.value)
        #expect(budget.held == 100)
        withExtendedLifetime(share) {}
    }
}
