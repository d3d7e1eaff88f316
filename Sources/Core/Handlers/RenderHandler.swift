/// `/api/render`: Markdown to HTML in which nothing runs, for pages that show replies.
///
/// Pages have no renderer of their own: what they insert is what cmark-gfm's safe mode let through.
package struct RenderHandler: Sendable {
    package func respond(to call: Call) async throws -> Response {
        let caller = try call.principal.caller
        guard let markdown = try call.parameters.anyText("markdown") else { throw GatewayError.missing("markdown") }
        guard markdown.utf8.count <= MarkdownBounds.length else { throw Self.tooLarge }
        // Takes CPU time, so the callers have their turns.
        let html = try await WorkLane.shared.run(for: caller.id.digest) {
            guard MarkdownBounds(markdown.utf8).extensions != nil else { throw Self.tooLarge }
            return Markdown.html(from: markdown)
        }
        guard let html else {
            throw GatewayError(.internalError, "The text cannot be rendered now. Show it as plain text.")
        }
        return .json(["status": "success", "html": JSON(html)])
    }

    private static let tooLarge = GatewayError(
        .bodyTooLarge, "Texts of more than 64 KiB, or with very deep lists, are not rendered. Show it as plain text.",
        parameter: "markdown")
}
