/// What a subject used in a day and in a month.
struct PeriodTotal: Sendable, Equatable {
    var dayTokens = 0
    var monthTokens = 0
    var monthNano = 0

    static func + (one: Self, other: Self) -> Self {
        PeriodTotal(
            dayTokens: one.dayTokens + other.dayTokens, monthTokens: one.monthTokens + other.monthTokens,
            monthNano: one.monthNano + other.monthNano)
    }
}

/// What the limits' table loses with a boot it finds here again.
extension JSONFileStore {
    /// The totals with all rows that are written by now.
    ///
    /// Waits for the disk; call it aside. Rows name no pool, so that of a pool is what it has used since the table was made.
    func totals(
        of subjects: [LimitSubject], in period: LimitPeriod
    ) throws(StoreError) -> [LimitSubject: PeriodTotal] {
        try withTotals { totals throws(StoreError) in
            try totals.fold(recentDays)
            var found: [LimitSubject: PeriodTotal] = [:]
            for subject in subjects { found[subject] = try totals.total(of: subject, in: period) }
            return found
        }
    }
}

extension UsageTotals {
    func total(of subject: LimitSubject, in period: LimitPeriod) throws(StoreError) -> PeriodTotal {
        guard subject.kind == .client else { return try rows(of: subject, in: period) }
        // What a client asks for itself is its own, and that of no client.
        return try rows(of: subject, in: period) + rows(of: LimitSubject(.user, subject.name), in: period)
    }

    private func rows(of subject: LimitSubject, in period: LimitPeriod) throws(StoreError) -> PeriodTotal {
        var (table, condition, values) = ("d", "", [SQLite.Value.text(subject.name)])
        switch subject.kind {
        case .user: (table, condition) = ("u", "user = ?3")
        // That it is not empty is said for the index, which has no others.
        case .key: (table, condition) = ("u", "key = ?3 AND key <> ''")
        case .client: condition = "client = ?3"
        case .group: condition = "grp = ?3"
        case .model: condition = "model = ?3"
        case .account: condition = "account = ?3"
        case .member:
            let names = subject.name.split(separator: " ").map(String.init)
            (table, condition, values) = ("u", "grp = ?3 AND user = ?4", names.map { .text($0) })
        case .pool: return PeriodTotal()
        }
        let statement = try database.prepare(
            """
            SELECT total(CASE WHEN day = ?1 THEN prompt + completion END), total(prompt + completion), total(nano)
            FROM main.\(table) WHERE day BETWEEN ?2 AND ?1 AND \(condition)
            """)
        try statement.bind([.text(period.today.text), .text(period.firstDay.text)] + values)
        guard try statement.step() else { return PeriodTotal() }
        return PeriodTotal(
            dayTokens: statement.int(0), monthTokens: statement.int(1), monthNano: statement.int(2))
    }
}
