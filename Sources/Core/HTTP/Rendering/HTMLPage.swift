/// Whole pages for browsers without JavaScript.
package struct HTMLPage: Sendable {
    /// Where nginx mounts the server; ends with a slash.
    let basePath: String
    let language: String

    package init(basePath: String, language: String) {
        self.basePath = basePath
        self.language = language
    }

    /// A page with a reply's Markdown, its code highlighted by the library that nginx serves.
    package func reply(_ markdown: String, title: String) -> String {
        let html = Markdown.html(from: markdown) ?? "<pre>\(Self.escape(markdown))</pre>"
        let hasCode = html.contains("<pre><code")
        return page(title: title, head: hasCode ? highlighting : "", body: "<main class=\"reply\">\n\(html)</main>")
    }

    /// The same of any length: rendered when it is the caller's turn, or as it stands where that takes too long.
    ///
    /// - Parameter caller: Whose turn is waited for.
    package func reply(_ markdown: String, title: String, for caller: String) async throws -> Response {
        if markdown.utf8.count <= Self.shortReply { return .html(reply(markdown, title: title)) }
        do {
            return .html(try await WorkLane.shared.run(for: caller) { reply(markdown, title: title) })
        } catch let error as GatewayError where error.code == .rateLimited {
            let (before, after) = plainReply(title: title)
            return .html(before + Self.escape(markdown) + after)
        }
    }

    /// So much Markdown is rendered at once, without waiting for a turn.
    private static let shortReply = 2048

    /// What stands before and after a text that is shown as it is.
    func plainReply(title: String) -> (before: String, after: String) {
        let mark = "\u{0}"
        let parts = page(title: title, head: "", body: "<main class=\"reply\">\n<pre>\(mark)</pre></main>")
            .split(separator: Character(mark), maxSplits: 1)
        return (String(parts.first ?? ""), String(parts.last ?? ""))
    }

    /// A page with a sentence, for outcomes and errors.
    package func message(_ text: String, title: String) -> String {
        page(
            title: title, head: "",
            body: "<main class=\"message\"><h1>\(Self.escape(title))</h1><p>\(Self.escape(text))</p></main>")
    }

    /// A page with a few named values, each easy to select and copy.
    package func facts(_ facts: [(name: String, value: String)], title: String) -> String {
        let rows = facts.map { fact in
            "<dt>\(Self.escape(fact.name))</dt><dd><code>\(Self.escape(fact.value))</code></dd>"
        }
        let body =
            "<main class=\"facts\"><h1>\(Self.escape(title))</h1>\n<dl>\(rows.joined(separator: "\n"))</dl></main>"
        return page(title: title, head: "", body: body)
    }

    private var highlighting: String {
        let library = "\(Self.escape(basePath))lib/highlight.js"
        return """

            <link rel="stylesheet" href="\(library)/styles/a11y-light.css" media="(prefers-color-scheme: light)">
            <link rel="stylesheet" href="\(library)/styles/a11y-dark.css" media="(prefers-color-scheme: dark)">
            <script src="\(library)/highlight.min.js" defer></script>
            <script src="\(Self.escape(basePath))assets/highlight.js" defer></script>
            """
    }

    private func page(title: String, head: String, body: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="\(Self.escape(language))">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>\(Self.escape(title))</title>
        <link rel="icon" href="\(Self.escape(basePath))favicon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="\(Self.escape(basePath))assets/style.css">\(head)
        </head>
        <body>
        \(body)
        </body>
        </html>

        """
    }

    package static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
