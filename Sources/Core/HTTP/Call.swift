/// A request on its way through the gateway, with its parameters read.
package final class Call: Sendable {
    /// In which shape failures go back.
    package enum ErrorShape: Sendable { case json, text, page, openAI }

    package let request: Request
    package let parameters: Parameters
    package let kind: Route.Kind

    package init(request: Request, parameters: Parameters, kind: Route.Kind) {
        self.request = request
        self.parameters = parameters
        self.kind = kind
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
