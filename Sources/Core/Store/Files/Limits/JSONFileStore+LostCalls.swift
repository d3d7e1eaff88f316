/// Calls of dead processes that left no row: each gets one, so that what is lost can be counted.
extension JSONFileStore {
    /// Writes down what was found lost since the last time; what cannot be written is logged and not counted.
    ///
    /// Each is told of once, by the process that gave its hold back; should that one die as well before it has written
    /// the row, there is none.
    func noteLostCalls() async {
        let calls = lostCalls.take()
        guard !calls.isEmpty else { return }
        do throws(StoreError) {
            let rows = try aside { () throws(StoreError) in
                let groups = calls.contains { $0.group != 0 } ? try groups() : []
                return calls.map { Self.row(of: $0, groups) }
            }
            try await note(rows, by: nil)
            log.warning("calls of a worker that died left no row", metadata: ["count": "\(calls.count)"])
        } catch {
            log.error("lost calls could not be noted", metadata: ["count": "\(calls.count)", "error": "\(error)"])
        }
    }

    private static func row(of call: LostCall, _ groups: [Group]) -> UsageRow {
        let origin = call.origin
        var row = UsageRow(
            at: call.at, day: Day(CivilDay(number: call.day)),
            requestID: origin.requestID.isEmpty ? nil : origin.requestID, account: origin.account ?? "",
            model: origin.model, kind: origin.kind, usage: TokenUsage(prompt: 0, completion: 0, isEstimated: true),
            currency: origin.currency, outcome: .lost)
        row.user = origin.user.map { String($0) }
        row.client = origin.client.map { String($0) }
        row.key = origin.key
        // The table has its digest; of a group that is gone by now nobody knows the name.
        if let group = groups.first(where: { LimitSubject(.group, $0.id).digest == call.group }) {
            (row.group, row.costCenter) = (group.id, group.costCenter)
        }
        return row
    }
}
