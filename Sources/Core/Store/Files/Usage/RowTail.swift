/// Reads what is new in the files of rows, without the database of sums: others fold rows, too.
struct RowTail {
    /// The most that is read of one file at a time, in bytes.
    private static let block = 2 << 20

    let root: String
    /// How far each file was read.
    private var ends: [RowFile: Int] = [:]

    init(root: String) { self.root = root }

    /// The rows of those days that were not read before.
    ///
    /// - Parameter skipping: Passes over what is there.
    mutating func next(_ days: [Day], skipping: Bool = false) throws(StoreError) -> [UsageRow] {
        var rows: [UsageRow] = []
        for day in days {
            for file in try RowFile.files(of: day, in: root) {
                let (size, start) = (file.size, ends[file] ?? 0)
                // One that is shorter is another one.
                guard !skipping, size >= start else {
                    ends[file] = size
                    continue
                }
                let end = min(size, start + Self.block)
                ends[file] = try file.scan(start..<end) { line, _ throws(StoreError) in
                    if let row = RowFile.row(in: line) { rows.append(row) }
                }
            }
        }
        ends = ends.filter { days.contains($0.key.day) }
        return rows
    }
}

/// What some users' rows name, and where to go on.
package struct UsersOfLedger: Sendable {
    /// One for each difference.
    package var names: [UsageRow.Names] = []
    /// The last user that was looked at; nil behind the last of all.
    package var last: String?
}

extension UsageTotals {
    /// What the rows of up to `limit` users since `day` name, in the order of the users behind `last`.
    ///
    /// Each user is found through the index, so that it does not matter how many rows there are of others.
    func users(after last: String, since day: Day, limit: Int) throws(StoreError) -> UsersOfLedger {
        let next = try database.prepare("SELECT min(user) FROM main.u WHERE user > ?")
        let statement = try database.prepare(
            "SELECT DISTINCT client, grp, key FROM main.u WHERE user = ? AND day >= ? LIMIT 1000")
        var found = UsersOfLedger(last: last)
        for _ in 0..<limit {
            try next.bind([.text(found.last ?? "")])
            guard try next.step(), case let user = next.text(0), !user.isEmpty else {
                found.last = nil
                break
            }
            found.last = user
            try statement.bind([.text(user), .text(day.text)])
            while try statement.step() {
                found.names.append(
                    UsageRow.Names(
                        user: user, client: statement.text(0), key: statement.text(2), group: statement.text(1)))
            }
        }
        return found
    }
}
