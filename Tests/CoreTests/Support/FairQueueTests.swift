import Testing

@testable import Core

struct FairQueueTests {
    @Test func givesTheCallersTheirTurns() {
        var queue = FairQueue<String>(mostOfCaller: 10, most: 20)
        var id: UInt64 = 0
        for (caller, element) in [("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1"), ("c", "c1"), ("b", "b2")] {
            id += 1
            #expect(queue.push(element, id: id, of: caller) == true)
        }

        var order: [String] = []
        while let element = queue.pop() { order.append(element) }

        #expect(order == ["a1", "b1", "c1", "a2", "b2", "a3"])
        #expect(queue.isEmpty)
    }

    @Test func refusesMoreOfOneCallerAndMoreInAll() {
        var queue = FairQueue<Int>(mostOfCaller: 2, most: 3)

        let taken = [("a", 1), ("a", 2), ("a", 3), ("b", 4), ("c", 5)].map { caller, number in
            queue.push(number, id: UInt64(number), of: caller)
        }

        #expect(taken == [true, true, false, true, false])
    }

    @Test func forgetsWhatIsTakenOutOfLine() {
        var queue = FairQueue<Int>(mostOfCaller: 2, most: 3)
        _ = queue.push(1, id: 1, of: "a")
        _ = queue.push(2, id: 2, of: "b")

        let removed = (queue.remove(1), queue.remove(1))

        #expect(removed.0 == 1)
        #expect(removed.1 == nil)
        #expect(queue.count == 1)
        #expect(queue.first == 2)
    }
}
