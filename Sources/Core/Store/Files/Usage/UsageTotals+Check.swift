/// Compares the sums with the rows, which are read anew for that.
extension UsageTotals {
    /// What was read of the rows, for those who look for turns in it; ends with its last use.
    final class Reading {
        private let database: SQLite
        private let marks: [String: Mark]
        private let root: String
        private let find: SQLite.Statement

        fileprivate init(_ database: SQLite, _ marks: [String: Mark], _ root: String) throws(StoreError) {
            self.database = database
            self.marks = marks
            self.root = root
            find = try database.prepare("SELECT 1 FROM fresh.turns WHERE turn = ?")
        }

        func hasRow(of turn: String) throws(StoreError) -> Bool {
            try find.bind([.text(turn)])
            return try find.step()
        }

        /// Which of `turns` have no row either in what was written since.
        func stillMissing(of turns: [String: Day]) throws(StoreError) -> [String: Day] {
            var missing = turns
            for day in Set(turns.values) {
                for file in try RowFile.files(of: day, in: root) {
                    let start = marks[file.name]?.offset ?? 0
                    _ = try file.scan(start..<max(start, file.size)) { line, _ throws(StoreError) in
                        if let turn = RowFile.row(in: line)?.turn { missing[turn] = nil }
                    }
                }
            }
            return missing
        }
    }

    /// Reads the rows of `days` as far as they are folded in, and notes in `check` what does not fit.
    ///
    /// Others go on writing and folding meanwhile.
    ///
    /// - Returns: Which turns have rows.
    func compare(_ days: ClosedRange<Day>, _ check: inout UsageCheck) throws(StoreError) -> Reading {
        // An empty name is a database of its own, which SQLite removes with the connection.
        try database.run("ATTACH '' AS fresh; \(Self.tables(of: "fresh"))")
        try database.run("CREATE TABLE fresh.turns(turn TEXT PRIMARY KEY, n INT) WITHOUT ROWID; BEGIN")
        // From here on the sums and how far they reach are those of one moment.
        let marks = try marks()
        let upsert = try Upsert(database, in: "fresh")
        let turn = try database.prepare(
            "INSERT INTO fresh.turns VALUES(?, 1) ON CONFLICT DO UPDATE SET n = n + 1")
        for (name, mark) in marks.sorted(by: { $0.key < $1.key }) {
            guard let file = RowFile(name: name, root: root), days.contains(file.day) else { continue }
            if file.size < mark.offset {
                check.add("\(name): \(file.size) bytes, of which \(mark.offset) were summed up")
            }
            _ = try file.scan(0..<min(mark.offset, file.size)) { line, offset throws(StoreError) in
                guard let row = RowFile.row(in: line), row.day == file.day else {
                    if RowFile.isTorn(line) {
                        check.torn += 1
                    } else {
                        check.add("\(name) at byte \(offset): no row whose checksum and day are right")
                    }
                    return
                }
                check.rows += 1
                try upsert.add(row)
                if let id = row.turn { try turn.run([.text(id)]) }
            }
        }
        try compareTable("u", Self.keys, days, &check)
        try compareTable("d", Self.keysWithoutUsers, days, &check)
        let doubles = try database.prepare("SELECT turn, n FROM fresh.turns WHERE n > 1")
        while try doubles.step() { check.add("turn \(doubles.text(0)) has \(doubles.int(1)) rows") }
        return try Reading(database, marks, root)
    }

    private func compareTable(
        _ table: String, _ keys: [String], _ days: ClosedRange<Day>, _ check: inout UsageCheck
    ) throws(StoreError) {
        let columns = (keys + Self.sumNames).joined(separator: ", ")
        for (one, other, words) in [
            ("main", "fresh", "the totals have what the rows do not give"),
            ("fresh", "main", "the totals lack what the rows give"),
        ] {
            let period = "WHERE day BETWEEN ? AND ?"
            let statement = try database.prepare(
                """
                SELECT \(columns) FROM \(one).\(table) \(period)
                EXCEPT SELECT \(columns) FROM \(other).\(table) \(period)
                """)
            let bounds: [SQLite.Value] = [.text(days.lowerBound.text), .text(days.upperBound.text)]
            try statement.bind(bounds + bounds)
            while try statement.step() {
                let values = (keys + Self.sumNames).indices.map { statement.text($0) }
                check.add("\(words): \(values.joined(separator: "|"))")
            }
        }
    }
}

extension JSONFileStore {
    package func verifyUsage(_ days: ClosedRange<Day>) throws(StoreError) -> UsageCheck {
        try withTotals { totals throws(StoreError) in
            var check = UsageCheck()
            try totals.fold()
            let reading = try totals.compare(days, &check)
            var missing: [String: Day] = [:]
            try forEachTurnWithRow { turn, day throws(StoreError) in
                guard days.contains(day) else { return }
                check.turns += 1
                if try !reading.hasRow(of: turn) { missing[turn] = day }
            }
            for (turn, day) in try reading.stillMissing(of: missing).sorted(by: { $0.key < $1.key }) {
                check.add("turn \(turn) of \(day.text) is in the archive and has no row")
            }
            return check
        }
    }

    /// Gives all turns in the archives that say they have a row, with the day of it.
    private func forEachTurnWithRow(_ body: (String, Day) throws(StoreError) -> Void) throws(StoreError) {
        for shard in try Directory.names(in: "\(layout.root)/conversations") {
            for digest in try Directory.names(in: "\(layout.root)/conversations/\(shard)") {
                let archive = layout.archive("\(layout.root)/conversations/\(shard)/\(digest)", digest)
                for log in try archive.logs() {
                    let all = 0..<log.size
                    try Archive.scan(log.kept.file, of: log.number, in: all) { line, place throws(StoreError) in
                        guard let line = ArchiveLine(whole: line, at: place), let turn = line.turnID,
                            let day = line.rowDay
                        else { return }
                        try body(turn, day)
                    }
                }
            }
        }
    }
}
