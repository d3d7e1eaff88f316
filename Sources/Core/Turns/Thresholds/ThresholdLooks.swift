/// Finds out which thresholds those have come to whom rows of the ledger name.
///
/// What counts is what the limits' table says, as for whoever is refused and for `/api/limits`: what is settled, and the
/// limits with what raises add at this moment.
struct ThresholdLooks {
    /// What came of one look.
    struct Look {
        var calls: [ThresholdCall] = []
        /// Whether calls are running, so that something may not be settled of which there is a row.
        var isRunning = false
    }

    /// A subject, and how it is named to the receiver.
    private struct Subject {
        var part: LimitClaim.Part
        var json: JSON
    }

    private static let mostNames = 10_000

    private let limits: TurnLimits
    private let percents: [Int]
    /// Whether an account belongs to the plus pool.
    private let pools: [String: String]
    private var names: [String: UsageName] = [:]

    init(_ limits: TurnLimits, percents: [Int], accounts: [Account]) {
        self.limits = limits
        self.percents = percents
        pools = Dictionary(accounts.map { ($0.id.rawValue, $0.pool) }) { $1 }
    }

    private var store: any Store { limits.store }

    /// Looks at whom and what `names` name.
    ///
    /// - Parameter seen: Subjects that were looked at a moment ago, and whether something of them is running.
    mutating func look(
        _ names: UsageRow.Names, _ seen: inout [LimitSubject: Bool], at time: Timestamp = .now
    ) async throws -> Look {
        var look = Look()
        for subject in try await subjects(of: names) {
            let key = subject.part.subject
            if seen[key] == nil { seen[key] = try await self.look(subject, &look, at: time) }
            look.isRunning = look.isRunning || seen[key] == true
        }
        return look
    }

    private func look(_ subject: Subject, _ look: inout Look, at time: Timestamp) async throws -> Bool {
        var part = subject.part
        // Its standing says how many calls run, also where their number is not limited.
        if part.limits.most(.concurrent) == nil { part.limits[.concurrent] = .most(1) }
        let period = limits.calendar.period(at: time)
        var isRunning = false
        for standing in try await limits.standings(of: [part]) {
            if standing.kind == .concurrent { isRunning = standing.reserved > 0 }
            look.calls += standing.crossings(of: percents, in: period).map {
                ThresholdCall($0, subject: subject.json, at: time, currency: limits.prices.currency)
            }
        }
        return isRunning
    }

    // MARK: Subjects

    private mutating func subjects(of names: UsageRow.Names) async throws -> [Subject] {
        var parts: [LimitClaim.Part] = []
        var group: Group?
        if let id = names.group { group = try await store.group(id) }
        let user = try await user(names.user)
        if let user {
            parts += try await limits.parts(of: user)
            parts += limits.parts(of: user, with: user.keys.first { $0.id == names.key }, for: group)
        } else if let group {
            parts.append(.init(LimitSubject(.group, group.id), group.limits))
        }
        let client = try await self.user(names.client)
        if let client { parts += try await limits.parts(of: client) }
        var subjects = parts.map { part in
            Subject(part: part, json: Self.json(of: part.subject, user: user, client: client, group: group))
        }
        let settings = limits.settings
        let shared: [(LimitSubject.Kind, String?, [String: Limits])] = [
            (.model, names.model, settings.models), (.pool, names.account.flatMap { pools[$0] }, settings.pools),
            (.account, names.account, settings.accounts),
        ]
        for (kind, name, limits) in shared {
            guard let name, let limits = limits[name] else { continue }
            subjects.append(
                Subject(
                    part: .init(LimitSubject(kind, name), limits),
                    json: ["type": JSON(kind.rawValue), "id": JSON(name)]))
        }
        return subjects.filter { !$0.part.limits.isWithoutBounds }
    }

    /// The user whom the ledger calls so, if it is still there.
    private mutating func user(_ ledgerID: String?) async throws -> User? {
        guard let ledgerID else { return nil }
        if names[ledgerID] == nil {
            if names.count >= Self.mostNames { names.removeAll() }
            names[ledgerID] = try await store.usageName(of: ledgerID)
        }
        guard let name = names[ledgerID],
            let user = try await store.user(User.ID(owner: name.owner, userID: name.userID)),
            user.ledgerID == ledgerID
        else { return nil }
        return user
    }

    private static func json(of subject: LimitSubject, user: User?, client: User?, group: Group?) -> JSON {
        var json = JSONObject()
        json["type"] = JSON(subject.kind.rawValue)
        switch subject.kind {
        case .client:
            // A client may ask for itself.
            json["id"] = JSON(client?.id.userID ?? (user?.role == .client ? user?.id.userID : user?.id.owner))
        case .group: json["id"] = JSON(group?.id)
        case .key:
            json["id"] = JSON(subject.name)
            json["user_id"] = JSON(user?.id.userID)
            json["owner"] = JSON(user?.id.owner)
        default:
            json["id"] = JSON(user?.id.userID)
            json["owner"] = JSON(user?.id.owner)
            if subject.kind == .member { json["group"] = JSON(group?.id) }
        }
        return .object(json)
    }
}

extension Account {
    /// As the settings name it.
    fileprivate var pool: String { isPlus ? "plus" : "free" }
}
