extension UsageTotals {
    /// The sums that `query` asks for, in falling order of ``UsageSum/place``.
    func sums(_ query: UsageQuery) throws(StoreError) -> [UsageSum] {
        let needsUsers = query.user != nil || query.users != nil || query.by.contains(.user) || query.by.contains(.key)
        if query.groups?.since.isEmpty == true { return [] }
        let columns = query.order.map(Self.column)
        var conditions = ["day BETWEEN ? AND ?"]
        var values: [SQLite.Value] = [.text(query.days.lowerBound.text), .text(query.days.upperBound.text)]
        for (name, value) in [("client", query.client), ("user", query.user)] {
            guard let value else { continue }
            conditions.append("\(name) = ?")
            values.append(.text(value))
        }
        if let users = query.users {
            conditions.append("user IN (\(users.map { _ in "?" }.joined(separator: ", ")))")
            values += users.map { .text($0) }
        }
        if let after = query.after, after.count == columns.count {
            conditions.append(
                "(\(columns.joined(separator: ", "))) < (\(columns.map { _ in "?" }.joined(separator: ", ")))")
            values += after.map { .text($0) }
        }
        var own = ""
        if let since = query.groups?.since.sorted(by: { $0.key < $1.key }) {
            own = "WITH own(id, since) AS (VALUES \(since.map { _ in "(?, ?)" }.joined(separator: ", ")))"
            values.insert(contentsOf: since.flatMap { [.text($0.key), .text($0.value.text)] }, at: 0)
            // That it is not empty is said for the index, which has no others.
            conditions.append("grp <> ''")
        }
        let source = (needsUsers ? "u" : "d") + (own.isEmpty ? "" : " JOIN own ON grp = own.id AND day >= own.since")
        values.append(.int(query.limit))
        let sql = """
            \(own) SELECT \(columns.joined(separator: ", ")), \(Self.sumNames.map { "sum(\($0))" }.joined(separator: ", "))
            FROM \(source) WHERE \(conditions.joined(separator: " AND "))
            GROUP BY \(columns.joined(separator: ", "))
            ORDER BY \(columns.map { "\($0) DESC" }.joined(separator: ", ")) LIMIT ?
            """
        let statement = try database.prepare(sql)
        try statement.bind(values)
        var sums: [UsageSum] = []
        while try statement.step() {
            let first = columns.count
            func sum(_ place: Int) -> Int { statement.int(first + place) }
            let place = (0..<first).map { statement.text($0) }
            let values = Dictionary(uniqueKeysWithValues: zip(query.order, place))
            sums.append(
                UsageSum(
                    values: query.by.map { values[$0.rawValue] ?? "" }, place: place, calls: sum(0), unpriced: sum(1),
                    usage: TokenUsage(
                        prompt: sum(2), completion: sum(3), cached: sum(4), reasoning: sum(5),
                        isEstimated: sum(6) > 0),
                    cost: Money(nano: sum(7)), currency: values[UsageQuery.currency] ?? "", milliseconds: sum(8)))
        }
        return sums
    }
}

extension UsageTotals {
    /// The name in the tables, for which `group` is a word of their own.
    private static func column(_ name: String) -> String { name == "group" ? "grp" : name }
}
