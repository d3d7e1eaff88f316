import Testing

@testable import Core

struct KernelRandomTests {
    @Test func `no number comes twice, whoever asks at the same time`() async {
        let numbers = await withTaskGroup(of: [UInt64].self) { group in
            for _ in 0..<8 { group.addTask { (0..<500).map { _ in KernelRandom().next() } } }
            return await group.reduce(into: []) { $0 += $1 }
        }

        #expect(Set(numbers).count == 4000)
        #expect(!numbers.contains(0))
    }

    @Test func `random ids are UUIDs of version 4`() {
        let ids = Set((0..<100).map { _ in Identifier.random() })

        #expect(ids.count == 100)
        for id in ids {
            let parts = id.split(separator: "-")
            #expect(parts.map(\.count) == [8, 4, 4, 4, 12])
            #expect(parts[2].first == "4" && "89ab".contains(parts[3].first ?? "x"))
            #expect(id.allSatisfy { $0 == "-" || $0.isHexDigit && !$0.isUppercase })
        }
    }
}
