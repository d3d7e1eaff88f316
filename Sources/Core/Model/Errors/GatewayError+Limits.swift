extension GatewayError {
    /// What a caller is told whose call would pass a limit.
    package static func limitReached(_ report: LimitReport) -> GatewayError {
        guard let refused = report.refused else {
            return GatewayError(.limitReached, "A limit is reached. Try again in a moment.", retryAfter: .seconds(1))
        }
        var error = GatewayError(.limitReached, refused.message(isUsedUp: report.isUsedUp))
        error.retryAfter = report.isUsedUp ? refused.pause : .seconds(1)
        error.limits = report
        return error
    }

    /// Whether the limit is one that only the next day or month, or money, brings back.
    var isQuota: Bool {
        guard code == .limitReached, let limits, let refused = limits.refused else { return false }
        return limits.isUsedUp && !refused.kind.isOfMinute && refused.kind != .concurrent
    }
}

extension LimitStanding {
    /// Until some of it can be used again.
    var pause: Duration { resetsAt.map { Swift.max(.seconds(1), $0 - .now) } ?? .seconds(1) }

    fileprivate func message(isUsedUp: Bool) -> String {
        let whose =
            switch subject.kind {
            case .user: "of this user"
            case .client: "of this client and all its users"
            case .key: "of this key"
            case .group: "of this group"
            case .member: "of this member of the group"
            case .model: "of the model \(subject.name)"
            case .pool: "of the \(subject.name) accounts"
            case .account: "of the account"
            }
        guard kind != .concurrent else {
            return "The limit of \(max) calls at a time \(whose) is reached. Wait for one of them to end."
        }
        let amount = kind == .costPerMonth ? Money(nano: max).text : "\(max)"
        let limit = "The limit of \(amount) \(kind.phrase) \(whose)"
        guard isUsedUp else { return "\(limit) is reserved for calls that are being answered. Try again in a moment." }
        return "\(limit) is reached." + (resetsAt.map { " It comes back at \($0.rfc3339)." } ?? "")
    }
}

extension Limits.Kind {
    /// Behind a number.
    fileprivate var phrase: String {
        switch self {
        case .requestsPerMinute: "requests per minute"
        case .tokensPerMinute: "tokens per minute"
        case .tokensPerDay: "tokens per day"
        case .tokensPerMonth: "tokens per month"
        case .costPerMonth: "in costs per month"
        case .concurrent: "calls at a time"
        }
    }

    /// Whether calls are counted and not what they take.
    package var isRequests: Bool { self == .requestsPerMinute || self == .concurrent }
    package var isTokens: Bool { self == .tokensPerMinute || self == .tokensPerDay || self == .tokensPerMonth }
    package var isOfMinute: Bool { self == .requestsPerMinute || self == .tokensPerMinute }
}
