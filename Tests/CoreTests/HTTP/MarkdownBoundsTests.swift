import Testing

@testable import Core

/// Texts for which cmark-gfm alone needs seconds to minutes, or gigabytes.
struct MarkdownBoundsTests {
    private static func text(_ unit: String, _ length: Int = MarkdownBounds.length) -> String {
        String(repeating: unit, count: length / unit.utf8.count)
    }

    @Test(arguments: [
        text(">"), text("> ") + "a", text("- ", 20_000) + "a\n" + text("b\n", 40_000), text("1) ", 30_000),
        text("+ ", 1000), text("* > ", 4000), text("\t+ ", 900), text("a\n") + "too long",
    ])
    func `a text that is too long or too deep is not rendered`(text: String) {
        #expect(MarkdownBounds(text.utf8).extensions == nil)
        #expect(Markdown.html(from: text) == nil)
    }

    @Test(arguments: [
        text("|x", 20_000) + "|\n" + text("|-", 20_000) + "|\n" + text("x\n", 20_000),
        text("|a", 200) + "|\n" + text("|:-: ", 500) + "|\n" + text("x\n", 40_000),
        "> |a|b\n> " + text("|-", 1000),
    ])
    func `a table of very many cells stays a text`(text: String) throws {
        #expect(try #require(MarkdownBounds(text.utf8).extensions).contains("table") == false)
        #expect(try #require(Markdown.html(from: text)).contains("<table") == false)
    }

    @Test func `a very long word gets no links`() throws {
        let html = try #require(Markdown.html(from: "http://a.example " + Self.text("a@", 8000)))

        #expect(!html.contains("<a "))
    }

    @Test func `rules, numbers, tables and links of an ordinary size are rendered`() throws {
        let text = """
            \(Self.text("- ", 400))
            \(Self.text("* ", 400))
            \(Self.text("0.5 ", 4000))

            | a | b |
            |---|:-:|
            \(Self.text("| 1 | 2 |\n", 5000))

            See https://a.example/b.
            """

        let html = try #require(Markdown.html(from: text))

        #expect(html.contains("<table>") && html.contains("href=\"https://a.example/b\"") && html.contains("<hr />"))
        #expect(MarkdownBounds("".utf8).extensions?.count == 5)
    }
}
