extension RowFile {
    /// How far back the rows of calls are looked for that a process had not settled when it died.
    private static let tail = 1 << 20

    /// The rows that a writer wrote of some calls in some days, as far as they stand near the ends of its files.
    ///
    /// - Parameters:
    ///   - days: Since 1970-01-01.
    ///   - calls: As ``LimitClaim/call(_:_:)`` names them.
    static func rows(
        of calls: Set<UInt64>, writer: Int, days: Set<Int>, in root: String
    ) throws(StoreError) -> [UInt64: [UsageRow]] {
        var found: [UInt64: [UsageRow]] = [:]
        for day in days {
            let file = RowFile(day: Day(CivilDay(number: day)), writer: writer, root: root)
            let size = file.size
            // The beginning of a line that the tail cuts is no row.
            _ = try file.scan(max(0, size - tail)..<size) { line, _ throws(StoreError) in
                guard let row = row(in: line), let requestID = row.requestID else { return }
                for call in [LimitClaim.call(requestID), LimitClaim.call(requestID, row.account)]
                where calls.contains(call) {
                    found[call, default: []].append(row)
                }
            }
        }
        return found
    }
}
