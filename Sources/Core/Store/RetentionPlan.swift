/// What was kept for as long as the settings say, and goes.
///
/// A kind of things that comes later is a member here, counted in ``counts``.
package struct RetentionPlan: Sendable, Equatable {
    /// Names beside rows of the ledger, by ``User/ledgerID``.
    package var names: [String] = []
    /// Names of users who are gone and of whom nobody noted when they went: their time begins now.
    package var unmarkedNames: [String] = []
    /// What the settings said.
    package var billingDays: Int

    package init(billingDays: Int) { self.billingDays = billingDays }

    /// How much of each kind goes.
    package var counts: [(kind: String, count: Int)] { [("names", names.count)] }

    package var isEmpty: Bool { counts.allSatisfy { $0.count == 0 } }

    /// For the audit log.
    package var details: JSON {
        var details = JSONObject()
        details["billing_days"] = JSON(billingDays)
        for (kind, count) in counts { details[kind] = JSON(count) }
        return .object(details)
    }
}
