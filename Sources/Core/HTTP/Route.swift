import HTTPTypes

/// One way into the gateway: methods and a path, who may call, and what answers there.
package struct Route: Sendable {
    package typealias Handler = @Sendable (Call) async throws -> Response

    package enum Kind: Sendable {
        case api
        /// A page for browsers: GET is a static file, POST its form.
        case page
        /// The OpenAI API, which has error objects of its own and takes keys from header fields alone.
        case openAI
    }

    /// Who may call; the gateway refuses others before the handler sees the call.
    package enum Access: Sendable {
        /// No key is asked for, and none is looked at.
        case open
        /// Whoever has a key that works.
        case everyRole
        /// Those who chat: users, and clients for their users.
        case chatters
        /// Those who have users.
        case owners
        case admins

        /// What somebody with a key of another role is told; nil for those who may call.
        func refusal(of role: User.Role) -> GatewayError? {
            switch (self, role) {
            case (.open, _), (.everyRole, _), (.chatters, .user), (.chatters, .client), (.owners, .client),
                (.owners, .admin), (.admins, .admin):
                nil
            case (.chatters, .admin):
                GatewayError(.notAllowed, "An admin key cannot chat. Add a user and chat with that user's key.")
            case (.owners, .user): GatewayError(.notAllowed, "This needs an admin or client key.")
            case (.admins, .user), (.admins, .client): GatewayError(.notAllowed, "This needs an admin key.")
            }
        }
    }

    let path: String
    let methods: [HTTPRequest.Method]
    let kind: Kind
    let access: Access
    /// What a key must be good for; nil where any will do.
    let scope: User.Key.Scope?
    let handler: Handler

    /// - Parameter path: May hold one `*`, in whose place anything may stand: ``Call/pathValue``.
    init(
        _ path: String, _ methods: [HTTPRequest.Method], _ kind: Kind = .api, for access: Access,
        in scope: User.Key.Scope? = nil, _ handler: @escaping Handler
    ) {
        self.path = path
        self.methods = methods
        self.kind = kind
        self.access = access
        self.scope = scope
        self.handler = handler
    }
}

extension Route {
    /// What stands around the `*` of a path; nil for a path without one.
    static func parts(of path: String) -> (prefix: String, suffix: String)? {
        guard let star = path.firstIndex(of: "*") else { return nil }
        return (String(path[..<star]), String(path[path.index(after: star)...]))
    }

    /// What `path` has in the place of the `*`; nil where it is another path.
    static func value(in path: String, between prefix: String, and suffix: String) -> String? {
        guard path.hasPrefix(prefix), path.hasSuffix(suffix),
            path.utf8.count >= prefix.utf8.count + suffix.utf8.count
        else { return nil }
        return String(path.dropFirst(prefix.count).dropLast(suffix.count))
    }

    func value(in path: String) -> String {
        Self.parts(of: self.path).flatMap { Self.value(in: path, between: $0.prefix, and: $0.suffix) } ?? ""
    }

    /// What somebody is told whose keys are not all good for the route; nil where they are.
    func refusal(of keys: [User.Key]) -> GatewayError? {
        guard let scope, !keys.allSatisfy({ $0.scopes.contains(scope) }) else { return nil }
        return GatewayError(.notAllowed, "This key must not be used here: it lacks the scope \"\(scope.rawValue)\".")
    }
}
