/// Where an upstream is told a user's pseudonym.
package enum UserField: String, Sendable, CaseIterable {
    /// OpenAI's field of today, by which it can block one person (developers.openai.com, "Safety checks").
    case safetyIdentifier = "safety_identifier"
    /// Its older one, which other servers know.
    case user
    case both
    case none

    /// The members of a request that name its user; a caller's own never go out.
    package static let names = ["user", "safety_identifier"]

    var names: [String] {
        switch self {
        case .safetyIdentifier: ["safety_identifier"]
        case .user: ["user"]
        case .both: Self.names
        case .none: []
        }
    }

    /// What holds for an account that names none, by the host of its base URL.
    package static func standard(at host: String) -> UserField {
        host == "api.openai.com" || host.hasSuffix(".api.openai.com") ? .safetyIdentifier : .user
    }
}
