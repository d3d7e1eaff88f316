/// One model as an upstream lists it.
package struct UpstreamModel: Sendable, Hashable {
    /// The most bytes of a name; a longer one is passed over.
    package static let longestName = 256

    package var name: String
    package var kind: ModelKind

    package init(_ name: String, kind: ModelKind? = nil) {
        self.name = name
        self.kind = kind ?? ModelKind(name: name)
    }

    /// Reads one element of an upstream's list; nil for one without a usable name.
    ///
    /// Names stand in `id`; the ChatGPT backend calls them `slug`.
    init?(_ json: JSON) {
        guard let name = json["id"]?.string ?? json["slug"]?.string, Self.isName(name) else { return nil }
        self.init(name, kind: ModelKind(told: json))
    }

    static func isName(_ name: String) -> Bool {
        (1...longestName).contains(name.utf8.count) && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
}

/// An upstream's answer to which models it has.
package struct UpstreamModels: Sendable, Equatable {
    package var models: [UpstreamModel]
    /// Whether there are more than were read.
    package var isCut = false

    package init(_ models: [UpstreamModel], isCut: Bool = false) {
        self.models = models
        self.isCut = isCut
    }
}
