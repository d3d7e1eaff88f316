import HTTPTypes

/// One way into the gateway: methods and a path, and what answers there.
package struct Route: Sendable {
    package typealias Handler = @Sendable (Call) async throws -> Response

    package enum Kind: Sendable {
        case api
        /// A page for browsers: GET is a static file, POST its form.
        case page
        /// The OpenAI API, which has error objects of its own.
        case openAI
    }

    var path: String
    var methods: [HTTPRequest.Method]
    var kind: Kind
    var handler: Handler

    init(_ path: String, _ methods: [HTTPRequest.Method], _ kind: Kind = .api, _ handler: @escaping Handler) {
        self.path = path
        self.methods = methods
        self.kind = kind
        self.handler = handler
    }
}
