import Glibc
import Testing

@testable import Core

/// What the table does with its file and its periods; what every store must do stands in StoreContract.
struct LimitsTableTests {
    private let directory = TemporaryDirectory()
    private let user = LimitSubject(.user, "1")
    private let client = LimitSubject(.client, "2")
    private let calendar = LimitCalendar()
    private static let day = 86_400

    private var path: String { "\(directory.path)/table" }

    /// - Parameter rows: What the ledger has of any call.
    private func open(boot: String = "b", rows: [UsageRow]? = nil) throws -> LimitsTable {
        try LimitsTable.open(path, boot: boot) { _, _, calls in
            Dictionary(uniqueKeysWithValues: rows.map { rows in calls.map { ($0, rows) } } ?? [])
        }
    }

    private func limits(_ bounds: [Limits.Kind: Int]) -> Limits {
        var limits = Limits()
        for (kind, most) in bounds { limits[kind] = .most(most) }
        return limits
    }

    private func claim(
        _ bounds: [Limits.Kind: Int], prompt: Int = 20, completion: Int = 80, _ subjects: [LimitSubject]? = nil
    ) -> LimitClaim {
        LimitClaim(
            (subjects ?? [user]).map { .init($0, limits(bounds)) }, prompt: prompt, completion: completion, in: calendar
        )
    }

    /// That many seconds after the boot, which was at the beginning of day 20,000.
    private func moment(_ seconds: Double) -> LimitsTable.Moment {
        LimitsTable.Moment(
            boot: UInt64(seconds * 1e9),
            time: Timestamp(microsecondsSinceEpoch: Int64(20_000 * Self.day) * 1_000_000 + Int64(seconds * 1e6)))
    }

    /// Asks, and hands over nothing as used before.
    private func ask(
        _ table: LimitsTable, _ claim: LimitClaim, at seconds: Double = 0, _ total: PeriodTotal = PeriodTotal()
    ) throws -> LimitsTable.Outcome {
        try table.locked { () throws(StoreError) in
            let outcome = try table.reserve(claim, [:], at: moment(seconds))
            guard case .unknown(let subjects) = outcome else { return outcome }
            return try table.reserve(
                claim, Dictionary(uniqueKeysWithValues: subjects.map { ($0, total) }), at: moment(seconds))
        }
    }

    /// - Returns: The hold's place; nil where it was refused.
    private func take(_ table: LimitsTable, _ claim: LimitClaim, at seconds: Double = 0) throws -> Int? {
        if case .granted(let hold, _, _) = try ask(table, claim, at: seconds) { hold } else { nil }
    }

    private func taken(_ table: LimitsTable, _ claim: LimitClaim, at seconds: Double = 0) throws -> Int {
        try #require(try take(table, claim, at: seconds))
    }

    private func settle(_ table: LimitsTable, _ hold: Int, _ tokens: Int, at seconds: Double = 0) throws {
        try table.locked { table.settle(hold, .used(tokens: tokens, nano: 0), tick: moment(seconds).tick) }
    }

    private func standing(_ table: LimitsTable, _ kind: Limits.Kind, at seconds: Double = 0) throws -> LimitStanding {
        let found = try table.locked { table.look(claim([kind: 1000]), [user: PeriodTotal()], at: moment(seconds)) }
        return try #require(found?.first)
    }

    @Test func `a hold counts as reserved, then what was used counts`() throws {
        let table = try open()

        let hold = try taken(table, claim([.tokensPerDay: 1000]))

        #expect(try standing(table, .tokensPerDay).reserved == 100)
        #expect(try standing(table, .concurrent).reserved == 1)
        try settle(table, hold, 30)
        for kind in [Limits.Kind.tokensPerDay, .tokensPerMonth, .tokensPerMinute] {
            let standing = try standing(table, kind)
            #expect((standing.used, standing.reserved) == (30, 0))
        }
        #expect(try standing(table, .concurrent).reserved == 0)
    }

    @Test func `what is used up refuses for good, what is reserved until it is given back`() throws {
        let table = try open()
        let claim = claim([.tokensPerDay: 150])
        let first = try taken(table, claim)

        guard case .busy(let report) = try ask(table, claim) else {
            Issue.record("not refused by what is reserved")
            return
        }
        #expect(report.refused?.kind == .tokensPerDay && !report.isUsedUp)

        try settle(table, first, 140)
        guard case .usedUp(let later) = try ask(table, claim) else {
            Issue.record("not refused by what is used")
            return
        }
        #expect(later.refused?.used == 140 && later.isUsedUp)
        #expect(later.refused?.resetsAt?.rfc3339.hasSuffix("T00:00:00.000000Z") == true)
    }

    @Test func `an answer is granted no more than is left, and a prompt that does not fit is refused`() throws {
        let table = try open()
        try settle(table, try taken(table, claim([:])), 950)

        guard case .granted(_, let completion, _) = try ask(table, claim([.tokensPerDay: 1000])) else {
            Issue.record("refused")
            return
        }

        #expect(completion == 30)
        let large = try ask(table, claim([.tokensPerDay: 1000], prompt: 50))
        guard case .usedUp = large else {
            Issue.record("granted \(large)")
            return
        }
    }

    @Test func `one subject's refusal leaves the others as they were`() throws {
        let table = try open()
        let claim = LimitClaim(
            [.init(user, limits([.requestsPerMinute: 10])), .init(client, limits([.requestsPerMinute: 0]))],
            prompt: 1, completion: 1, in: calendar)

        #expect(try take(table, claim) == nil)

        #expect(try standing(table, .requestsPerMinute).used == 0)
        #expect(try standing(table, .concurrent).reserved == 0)
    }

    @Test func `a day and a month begin at zero, and a turn counts in the day of its reservation`() throws {
        let table = try open()
        try settle(table, try taken(table, claim([:])), 100)
        let late = try taken(table, claim([:]), at: Double(Self.day) - 1)

        let next = Double(Self.day) + 1
        _ = try take(table, claim([:]), at: next)
        try settle(table, late, 40, at: next)

        #expect(try standing(table, .tokensPerDay, at: next).used == 0)
        #expect(try standing(table, .tokensPerMonth, at: next).used == 140)
    }

    @Test func `what was never seen is asked for once`() throws {
        let table = try open()
        let total = PeriodTotal(dayTokens: 70, monthTokens: 700, monthNano: 7)

        _ = try ask(table, claim([:]), total)
        _ = try ask(table, claim([:]), PeriodTotal(dayTokens: 9))

        #expect(try standing(table, .tokensPerDay).used == 70)
        #expect(try standing(table, .tokensPerMonth).used == 700)
        #expect(try standing(table, .costPerMonth).used == 7)
    }

    @Test func `no 60 seconds see more requests than the minute allows`() throws {
        let table = try open()
        var random = SystemRandomNumberGenerator()
        for trial in 0..<40 {
            let subject = LimitSubject(.user, "trial \(trial)")
            let most = Int.random(in: 1...12, using: &random)
            let claim = claim([.requestsPerMinute: most], [subject])
            var granted: [Double] = []
            var now = 100.0
            var longest = 0.0
            for _ in 0..<300 {
                // Now and then much at a time, now and then nothing for long.
                now += Double.random(in: 0...(Bool.random(using: &random) ? 0.5 : 20), using: &random)
                guard try take(table, claim, at: now) != nil else {
                    // One is let in at the latest when the window of whole buckets has gone by.
                    let recent = granted.suffix(most).first ?? now
                    longest = max(longest, now - recent)
                    continue
                }
                granted.append(now)
                let inWindow = granted.count { $0 > now - 60 }
                #expect(inWindow <= most)
            }
            #expect(longest <= 64 && granted.count > most)
        }
    }

    @Test func `what a process was changing when it died is put back`() throws {
        let table = try open()
        let first = try taken(table, claim([.tokensPerDay: 1000]))
        let before = try bytes(table)
        let claim = claim([.tokensPerDay: 1000], [user, client])
        _ = try ask(table, self.claim([:], [client]))
        let now = moment(5)

        // The table as it stands at each step of both changes, where a kill would leave it.
        var images: [[UInt8]] = []
        try table.locked { () throws(StoreError) in
            let start = snapshot(table)
            table.onStep = { images.append(snapshot(table)) }
            if case .granted(let hold, _, _) = try table.reserve(claim, [:], at: now) {
                table.settle(hold, .used(tokens: 7, nano: 0), tick: now.tick)
            }
            table.settle(first, .used(tokens: 9, nano: 0), tick: now.tick)
            table.onStep = nil
            restore(table, start)
        }

        #expect(images.count >= 6 && before != images.last)
        for image in images {
            try table.locked { restore(table, image) }
            try table.locked {}
            #expect(table.head.pointee.is_dirty == 0)
            #expect(try isSound(table))
        }
    }

    /// Whether what is reserved is what is held.
    private func isSound(_ table: LimitsTable) throws -> Bool {
        try table.locked {
            var running: [Int: Int32] = [:]
            var tokens: [Int: Int64] = [:]
            var live = 0
            for index in 0..<Int(table.head.pointee.hold_count) {
                let hold = table.hold(index).pointee
                live += hold.count > 0 ? 1 : 0
                withUnsafeBytes(of: hold.records) { numbers in
                    for number in numbers.bindMemory(to: UInt32.self).prefix(Int(hold.count)) {
                        running[Int(number), default: 0] += 1
                        tokens[Int(number), default: 0] += hold.tokens
                    }
                }
            }
            let isHeld = (0..<Int(table.head.pointee.record_count)).allSatisfy { number in
                let record = table.record(number).pointee
                return record.running == running[number] ?? 0 && record.reserved_tokens == tokens[number] ?? 0
            }
            return isHeld && Int(table.holds[table.column]) == live
        }
    }

    private func snapshot(_ table: LimitsTable) -> [UInt8] {
        let size = LimitsTable.segmentsStart + Int(table.head.pointee.segments) * LimitsTable.segmentSize
        return Array(UnsafeRawBufferPointer(start: table.base, count: size))
    }

    /// Everything but the mutex, which is held.
    private func restore(_ table: LimitsTable, _ image: [UInt8]) {
        let mutex = MemoryLayout<LimitsTable.Head>.offset(of: \.mutex) ?? 0
        let end = mutex + MemoryLayout<pthread_mutex_t>.size
        image.withUnsafeBytes { bytes in
            table.base.copyMemory(from: bytes.baseAddress ?? UnsafeRawPointer(table.base), byteCount: mutex)
            UnsafeMutableRawBufferPointer(start: table.base + end, count: image.count - end)
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[end...]))
        }
    }

    private func bytes(_ table: LimitsTable) throws -> [UInt8] { try table.locked { snapshot(table) } }

    @Test func `what nobody has open any more is kept, and nothing of it stays reserved`() throws {
        do {
            let table = try open()
            try settle(table, try taken(table, claim([:])), 30)
        }

        let later = try open()

        #expect(try standing(later, .tokensPerDay).used == 30)
        #expect(try standing(later, .tokensPerDay).reserved == 0)
    }

    @Test func `what a dead process used by its rows counts, though it settled nothing`() throws {
        do {
            let table = try open()
            try settle(table, try taken(table, claim([:])), 30)
            _ = try take(table, claim([:]))
        }
        let row = UsageRow(
            at: moment(0).time, day: Day(utc: moment(0).time), account: "a", kind: .chat,
            usage: TokenUsage(prompt: 4, completion: 3))

        let later = try open(rows: [row, row])

        #expect(try standing(later, .tokensPerDay).used == 44)
        #expect(try standing(later, .tokensPerMinute).used == 44)
        #expect(try standing(later, .requestsPerMinute).used == 2)
        #expect(try standing(later, .concurrent).reserved == 0)
    }

    @Test func `what a dead process asked for without a row costs a request and no tokens`() throws {
        do { _ = try take(try open(), claim([:])) }

        let later = try open()

        #expect(try standing(later, .tokensPerDay).used == 0)
        #expect(try standing(later, .requestsPerMinute).used == 1)
        #expect(try standing(later, .tokensPerDay).reserved == 0)
    }

    @Test func `another boot begins anew`() throws {
        do {
            let table = try open()
            try settle(table, try taken(table, claim([:])), 30)
        }

        #expect(try standing(try open(boot: "another"), .tokensPerDay).used == 0)
    }

    @Test(arguments: [0, 100, 4096, 20_000, 1 << 20, 3 << 20])
    func `a table that is cut off is made anew`(length: Int) throws {
        _ = try take(try open(), claim([:]))
        try File(path, O_RDWR).truncate(to: length)

        #expect(try take(try open(), claim([.concurrent: 1])) != nil)
    }

    @Test func `a table of random bytes is made anew`() throws {
        let random = (0..<3_000_000).map { _ in UInt8.random(in: 0...255) }
        try AtomicFile.write(random, to: path, durable: false)

        #expect(try take(try open(), claim([.concurrent: 1])) != nil)
    }

    @Test func `many subjects have a record each, which stay where they are`() throws {
        let table = try open()
        // More than half of the first index.
        let count = 131_100
        func digest(_ number: Int) -> UInt64 { UInt64(number + 1) &* 0x9E37_79B9_7F4A_7C15 }
        try table.locked { () throws(StoreError) in
            for number in 0..<count { _ = try table.record(of: digest(number)) }
        }

        let isFound = try table.locked {
            (0..<count).allSatisfy { table.find(digest($0)) == $0 && table.record($0).pointee.digest == digest($0) }
        }

        #expect(isFound && table.head.pointee.index & 0xFF == UInt64(LimitsTable.firstIndexBits + 1))
        #expect(try table.locked { table.find(digest(count)) } == nil)
    }

    @Test func `places of holds are used again`() throws {
        let table = try open()
        for _ in 0..<3 {
            let holds = try (0..<20).map { _ in try taken(table, claim([:])) }
            #expect(Set(holds).count == 20)
            for hold in holds.shuffled() { try settle(table, hold, 1) }
        }
        #expect(table.head.pointee.hold_count == 20)
    }
}
