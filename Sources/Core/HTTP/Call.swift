/// A request on its way through the gateway, with its parameters read.
package struct Call: Sendable {
    /// In which shape failures go back.
    package enum ErrorShape: Sendable { case json, text, page }

    package var request: Request
    package var parameters: Parameters

    /// Set where a browser's form was posted to a page, which has other defaults.
    package var isPage: Bool

    package var errorShape: ErrorShape {
        let isReplyOnly = (try? parameters.bool("reply_only")) ?? nil
        if isPage { return .page }
        return isReplyOnly == true ? .text : .json
    }
}
