/// Who is calling.
package struct Principal: Sendable {
    /// The user whose key gives the call its rights.
    package var caller: User
    /// The user whose key was given beside a client's or an admin's.
    package var named: User?
    /// The key of ``caller``.
    package var key: APIKey?
    /// What is kept of it, and of the key of ``named``.
    package var keys: [User.Key]
    /// The groups of ``caller`` that are valid now.
    package var groups: [Group]

    package var role: User.Role { caller.role }

    package init(
        caller: User, named: User? = nil, key: APIKey? = nil, keys: [User.Key] = [], groups: [Group] = []
    ) {
        self.caller = caller
        self.named = named
        self.key = key
        self.keys = keys
        self.groups = groups
    }
}

/// A request on its way through the gateway, with its parameters read and its caller known.
package final class Call: Sendable {
    /// In which shape failures go back.
    package enum ErrorShape: Sendable { case json, text, page, openAI }

    package let request: Request
    package let parameters: Parameters
    package let kind: Route.Kind
    /// What the path has in the place of the `*` of the route's path.
    package let pathValue: String
    private let authenticated: Principal?

    package init(
        request: Request, parameters: Parameters = Parameters(), kind: Route.Kind, pathValue: String = "",
        principal: Principal? = nil
    ) {
        self.request = request
        self.parameters = parameters
        self.kind = kind
        self.pathValue = pathValue
        authenticated = principal
    }

    /// Who is calling; on a route that asks for no key nobody is.
    package var principal: Principal {
        get throws(GatewayError) {
            guard let authenticated else { throw .invalidKey }
            return authenticated
        }
    }

    /// The same call with its parameters read.
    func with(parameters: Parameters) -> Call {
        Call(request: request, parameters: parameters, kind: kind, pathValue: pathValue)
    }

    /// The same call with its caller known.
    func with(principal: Principal) -> Call {
        Call(request: request, parameters: parameters, kind: kind, pathValue: pathValue, principal: principal)
    }

    /// Whether a browser's form was posted to a page, which has other defaults.
    package var isPage: Bool { kind == .page }

    /// The members of the body's JSON object, where nothing else will do.
    func jsonObject() throws(GatewayError) -> [JSONText.Member] {
        guard let body = parameters.body else {
            throw GatewayError(.unsupportedMediaType, "The body must be a JSON object (application/json).")
        }
        return body
    }

    package var errorShape: ErrorShape {
        switch kind {
        case .page: return .page
        case .openAI: return .openAI
        case .api:
            let isReplyOnly = (try? parameters.bool("reply_only")) ?? nil
            return isReplyOnly == true ? .text : .json
        }
    }
}
