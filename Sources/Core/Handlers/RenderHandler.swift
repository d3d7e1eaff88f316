/// `/api/render`: Markdown to HTML in which nothing runs, for pages that show replies.
///
/// Pages have no renderer of their own: what they insert is what cmark-gfm's safe mode let through.
package struct RenderHandler: Sendable {
    /// In bytes; longer texts are shown as plain text.
    private static let limit = 512 << 10

    let authenticator: Authenticator

    package func respond(to call: Call) async throws -> Response {
        _ = try await authenticator.principal(of: call)
        guard let markdown = try call.parameters.anyText("markdown") else { throw GatewayError.missing("markdown") }
        guard markdown.utf8.count <= Self.limit else {
            throw GatewayError(
                .bodyTooLarge, "Texts of more than 512 KiB are not rendered. Show it as plain text.",
                parameter: "markdown")
        }
        guard let html = Markdown.html(from: markdown) else {
            throw GatewayError(.internalError, "The text cannot be rendered now. Show it as plain text.")
        }
        return .json(["status": "success", "html": JSON(html)])
    }
}
