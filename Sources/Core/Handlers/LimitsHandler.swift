/// `/api/limits` and `/api/admin/limits/raise`: how far limits are used up, and more of them for a while.
package struct LimitsHandler: Sendable {
    let authenticator: Authenticator
    let store: any Store
    let limits: TurnLimits
    let auditLog: AuditLog

    /// Of a user at a time.
    private static let mostRaises = 20

    /// The caller's own limits; admins and clients may name a user of theirs.
    package func show(_ call: Call) async throws -> Response {
        let caller = try call.principal.caller
        var user = caller
        if call.parameters.count(of: "user_id") > 0 {
            let isOwn = caller.role == .user
            user = try await isOwn ? authenticator.subject(of: call) : authenticator.target(of: call)
        }
        let key = user.id == caller.id ? try call.principal.keys.first : nil
        return .json([
            "status": "success", "user_id": JSON(user.id.userID), "owner": JSON(user.id.owner),
            "time_zone": JSON(limits.settings.timeZone.name), "soft_percent": JSON(limits.settings.softPercent),
            "currency": JSON(limits.prices.currency),
            "limits": .array(try await limits.standings(of: user, with: key).map(\.json)),
        ])
    }

    /// Raises limits of a user until a time; it ends by itself.
    package func raise(_ call: Call) async throws -> Response {
        guard let by = try call.parameters.limitsObject("by") else { throw GatewayError.missing("by") }
        guard !by.isWithoutBounds, Limits.Kind.allCases.allSatisfy({ by[$0] != Limits.Bound.none }) else {
            throw GatewayError.invalid("by", "an object that says for each kind how much more there is")
        }
        guard let text = try call.parameters.text("until") else { throw GatewayError.missing("until") }
        guard let until = Timestamp(rfc3339: text), until > .now, until < .now + .seconds(366 * 86_400) else {
            throw GatewayError.invalid("until", "a time in the coming year, as 2027-01-31T12:00:00Z")
        }
        guard let reason = try AuditLog.reason(in: call) else {
            throw GatewayError(.reasonRequired, "Say in reason why, in at least 10 characters.", parameter: "reason")
        }
        let user = try await authenticator.target(of: call)
        guard user.raises.count(where: { $0.until > .now }) < Self.mostRaises else {
            throw GatewayError(.invalidParameter, "This user has \(Self.mostRaises) raises already.", parameter: "by")
        }
        let raise = LimitRaise(by: by, until: until, reason: reason)
        try await auditLog.note("limits.change", of: user, in: call, ["raise": raise.json])
        guard let changed = try await store.updateUser(user, UserChange(raise: raise)).user else {
            throw GatewayError.userNotFound
        }
        return .json(["status": "success", "message": "Limits raised", "user": changed.summary])
    }
}

extension UsersHandler {
    /// The limits that a call sets of `user`, and those of its users.
    func limits(in call: Call, of user: User) throws -> (limits: Limits?, userLimits: Limits?) {
        let userLimits = try call.parameters.limitsObject("user_limits")
        guard userLimits == nil || user.role == .client else {
            throw GatewayError.invalid("user_limits", "given for clients only")
        }
        return (try call.parameters.limits(changing: user.limits), userLimits)
    }

    /// A client may lower what its users have, and cannot give them more than itself has.
    func checkLimits(_ limits: Limits?, by caller: User) throws {
        guard caller.role == .client, let limits else { return }
        let own = turnLimits.limits(ofClient: caller)
        let standard = turnLimits.standardLimits(of: caller)
        for kind in Limits.Kind.allCases {
            guard let bound = limits[kind],
                let most = [own.most(kind), standard.most(kind)].compactMap(\.self).min()
            else { continue }
            if case .most(let wanted) = bound, wanted <= most { continue }
            throw GatewayError(
                .notAllowed, "A client can set \(kind.rawValue) of its users to \(Self.amount(most, kind)) at most.",
                parameter: "limits")
        }
    }

    private static func amount(_ number: Int, _ kind: Limits.Kind) -> String {
        kind == .costPerMonth ? Money(nano: number).text : String(number)
    }
}
