import HTTPTypes

/// The header fields that tell callers of their limits, with the names and forms of the OpenAI API.
extension HTTPFields {
    /// What is left of requests and of tokens: of several limits of which there is least.
    mutating func add(_ report: LimitReport) {
        add("requests", report.standings.filter { $0.kind == .requestsPerMinute })
        add("tokens", report.standings.filter { $0.kind.isTokens })
    }

    /// The same, with warnings and the model that answers in place of another.
    mutating func add(_ notice: TurnNotices.Notice?) {
        guard let notice else { return }
        add(notice.report)
        if !notice.warnings.isEmpty {
            let warnings = notice.warnings.map { "\($0.subject.kind.rawValue) \($0.kind.rawValue) \($0.percent)%" }
            set("X-Limit-Warning", warnings.joined(separator: ", "))
        }
        if let model = notice.model {
            // A name of the settings, which may hold what no header field may.
            let isPlain = model.utf8.allSatisfy { (0x21...0x7E).contains($0) }
            set("X-Limit-Model", isPlain ? model : "another")
        }
    }

    private mutating func add(_ what: String, _ standings: [LimitStanding]) {
        guard let tightest = standings.min(by: { $0.remaining < $1.remaining }) else { return }
        set("X-RateLimit-Limit-\(what)", String(tightest.max))
        set("X-RateLimit-Remaining-\(what)", String(tightest.remaining))
        let pause = tightest.resetsAt.map { Swift.max(.zero, $0 - .now) } ?? .zero
        set("X-RateLimit-Reset-\(what)", Self.text(pause))
    }

    private mutating func set(_ name: String, _ value: String) {
        if let name = HTTPField.Name(name) { self[name] = value }
    }

    /// `1h2m3s`, `59s`.
    private static func text(_ pause: Duration) -> String {
        let seconds = pause.wholeSeconds
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
        return (hours > 0 ? "\(hours)h" : "") + (hours > 0 || minutes > 0 ? "\(minutes)m" : "") + "\(seconds % 60)s"
    }
}
