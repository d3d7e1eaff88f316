/// Whole pages for browsers without JavaScript.
package struct HTMLPage: Sendable {
    /// Where nginx mounts the server; ends with a slash.
    let basePath: String
    let language: String

    package init(basePath: String, language: String) {
        self.basePath = basePath
        self.language = language
    }

    /// A page with a reply's Markdown.
    package func reply(_ markdown: String, title: String) -> String {
        page(
            title: title,
            body: "<main class=\"reply\">\n\(Markdown.html(from: markdown) ?? Self.escape(markdown))</main>")
    }

    /// A page with a sentence, for outcomes and errors.
    package func message(_ text: String, title: String) -> String {
        page(
            title: title,
            body: "<main class=\"message\"><h1>\(Self.escape(title))</h1><p>\(Self.escape(text))</p></main>")
    }

    private func page(title: String, body: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="\(Self.escape(language))">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(Self.escape(title))</title>
        <link rel="stylesheet" href="\(Self.escape(basePath))assets/style.css">
        <link rel="stylesheet" href="\(Self.escape(basePath))assets/highlight.css">
        <script src="\(Self.escape(basePath))lib/highlight.js/highlight.min.js" defer></script>
        <script src="\(Self.escape(basePath))assets/highlight-page.js" defer></script>
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
