/// What a subject used in a day and in a month.
struct PeriodTotal: Sendable, Equatable {
    var dayTokens = 0
    var monthTokens = 0
    var monthNano = 0
}

/// Where the limits' table finds what was used before it was made: in what outlives a boot.
protocol PeriodTotals: Sendable {
    /// The totals with all that was settled until now; asked once for each subject and boot, and where a clock was set
    /// back. Called aside, without a lock.
    func total(of subject: LimitSubject, in period: LimitPeriod) throws(StoreError) -> PeriodTotal
}

/// Knows nothing, so what the table loses counts as not used.
struct NoTotals: PeriodTotals {
    func total(of subject: LimitSubject, in period: LimitPeriod) -> PeriodTotal { PeriodTotal() }
}
