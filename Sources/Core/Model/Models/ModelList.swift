/// What is known of the models of one account, as all workers share it.
package struct ModelList: Sendable, Equatable {
    /// The account's settings to which this belongs; with others it does not count.
    package let fingerprint: String
    /// In the upstream's order; empty where it never told.
    package private(set) var models: [UpstreamModel]
    /// Whether the upstream has more than are kept.
    package private(set) var isCut: Bool
    /// When the models were told; nil for never.
    package private(set) var toldAt: Timestamp?
    /// When the upstream was last asked.
    package private(set) var askedAt: Timestamp?
    /// Failures in a row.
    package private(set) var failures = 0
    private var names: Set<String>

    package init(
        fingerprint: String, models: [UpstreamModel] = [], isCut: Bool = false, toldAt: Timestamp? = nil,
        askedAt: Timestamp? = nil, failures: Int = 0
    ) {
        self.fingerprint = fingerprint
        self.models = models
        self.isCut = isCut
        self.toldAt = toldAt
        self.askedAt = askedAt
        self.failures = failures
        names = Set(models.map(\.name))
    }

    /// Whether the account offers `model`; nil where that is not known.
    package func offers(_ model: String) -> Bool? {
        if names.contains(model) { return true }
        return models.isEmpty || isCut ? nil : false
    }

    /// Notes an answer; one without any model leaves what was known before.
    package mutating func note(_ answer: UpstreamModels, at now: Timestamp) {
        failures = 0
        askedAt = now
        guard !answer.models.isEmpty else { return }
        models = answer.models
        isCut = answer.isCut
        toldAt = now
        names = Set(models.map(\.name))
    }

    /// Notes a failure: what was known stays.
    package mutating func noteFailure(at now: Timestamp) {
        failures += 1
        askedAt = now
    }

    /// How long until the upstream is to be asked again; zero for now.
    ///
    /// A clock that was set back makes nobody wait longer than the pause itself.
    package func pause(at now: Timestamp) -> Duration {
        guard let askedAt, askedAt <= now else { return .zero }
        let pause = failures == 0 ? Self.freshness : min(.seconds(10) * (1 << min(failures - 1, 6)), .seconds(600))
        return max(.zero, askedAt + pause - now)
    }

    /// How long a list is taken as the present one.
    package static let freshness = Duration.seconds(300)
}

extension ModelList {
    package var record: JSON {
        var object = JSONObject()
        object["fingerprint"] = JSON(fingerprint)
        object["models"] = .array(models.map { JSON($0.name) })
        var kinds: [JSONObject.Member] = []
        for model in models where model.kind != .chat {
            kinds.append(.init(name: model.name, value: JSON(model.kind.rawValue)))
        }
        object["kinds"] = .object(JSONObject(unchecked: kinds))
        object["is_cut"] = JSON(isCut)
        object["failures"] = JSON(failures)
        if let toldAt { object["told_at"] = JSON(toldAt.rfc3339) }
        if let askedAt { object["asked_at"] = JSON(askedAt.rfc3339) }
        return .object(object)
    }

    package init?(record: JSON) {
        guard let fingerprint = record["fingerprint"]?.string, let names = record["models"]?.array else { return nil }
        let kinds = Dictionary(
            (record["kinds"]?.object?.members ?? []).map {
                ($0.name, $0.value.string.flatMap(ModelKind.init(rawValue:)))
            },
            uniquingKeysWith: { first, _ in first })
        self.init(
            fingerprint: fingerprint,
            models: names.compactMap { $0.string }.map { UpstreamModel($0, kind: kinds[$0] ?? .chat) },
            isCut: record["is_cut"]?.bool ?? false,
            toldAt: record["told_at"]?.string.flatMap(Timestamp.init(rfc3339:)),
            askedAt: record["asked_at"]?.string.flatMap(Timestamp.init(rfc3339:)),
            failures: max(0, record["failures"]?.int ?? 0))
    }
}
