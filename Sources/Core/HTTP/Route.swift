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
    let handler: Handler

    init(
        _ path: String, _ methods: [HTTPRequest.Method], _ kind: Kind = .api, for access: Access,
        _ handler: @escaping Handler
    ) {
        self.path = path
        self.methods = methods
        self.kind = kind
        self.access = access
        self.handler = handler
    }
}
