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
        text("|a", 1000) + "\n" + text("|\u{0B}-\u{0C}", 2000) + "\n" + text("x\n", 40_000),
        text("a\n", 60_000) + "|-|\n", text("a\r\n", 60_000) + "|-|\n", text("a\r", 60_000) + "|-|\n",
        text("a\n", 10_000) + text("|-|-|\na\n", 10_000), text("> a\n", 60_000) + "|-|\n",
        text("a\n", 8000) + text("-|-\n", 8000), text("- a\nb\n|-|\n", 60_000),
    ])
    func `a table that takes very long to find stays a text`(text: String) throws {
        #expect(try #require(MarkdownBounds(text.utf8).extensions).contains("table") == false)
        #expect(try #require(Markdown.html(from: text)).contains("<table") == false)
    }

    @Test func `a table below a page of lines is found in a long text`() throws {
        let page = Self.text("A line of a text.\r\n", 2000) + "\r\n| a | b |\r\n|---|---|\r\n| 1 | 2 |\r\n\r\n"

        let html = try #require(Markdown.html(from: Self.text(page)))

        #expect(html.split(separator: "<table>").count > 25)
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
            \(Self.text("| 1 | -2 |\n", 20_000))

            See https://a.example/b.
            """

        let html = try #require(Markdown.html(from: text))

        #expect(html.contains("<table>") && html.contains("href=\"https://a.example/b\"") && html.contains("<hr />"))
        #expect(MarkdownBounds("".utf8).extensions?.count == 5)
    }
}
