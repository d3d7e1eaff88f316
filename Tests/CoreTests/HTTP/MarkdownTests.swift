import Testing

@testable import Core

struct MarkdownTests {
    @Test(arguments: [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>",
        "<iframe src=//x.example>",
        "a <b onclick=alert(1)>b</b>", "[a](javascript:alert(1))", "[a](JaVaScRiPt:alert(1))",
        "[a](java&#115;cript:alert(1))", "[a](vbscript:x)", "[a](data:text/html;base64,PHNjcmlwdD4=)",
        "[a](file:///etc/passwd)", "<javascript:alert(1)>", "![a](javascript:alert(1))",
        "![a](http://x.example/pixel.gif)", "[a](<x\" onclick=\"alert(1)>)", "[a](x \"t\\\" onclick=alert(1)\")",
        "```\"><script>alert(1)</script>\nx\n```", "~~~html onload=\"alert(1)\"\nx\n~~~", "`<script>`",
        "| a |\n|---|\n| <script>alert(1)</script> |", "<style>@import '//x.example'</style>",
        "<!-- --><base href=//x>",
        "\u{0}<script\u{0}>alert(1)</script>", "[x]: javascript:alert(1)\n\n[a][x]",
        "<a href=javascript:alert(1)>a</a>",
        "&lt;script&gt;alert(1)&lt;/script&gt;", "- [ ] <input autofocus onfocus=alert(1)>",
    ])
    func `no text makes a page act or load anything`(text: String) throws {
        let html = try #require(Markdown.html(from: text))
        let lower = html.lowercased()

        for tag in ["<script", "<img", "<svg", "<iframe", "<style", "<base", "<b ", "<input autofocus"] {
            #expect(!lower.contains(tag), "\(html)")
        }
        for scheme in ["javascript:", "vbscript:", "data:", "file:"] {
            #expect(!lower.contains("href=\"\(scheme)"), "\(html)")
        }
        // An attribute can only begin behind a quote or space inside of a tag.
        for tag in lower.split(separator: "<").compactMap({ $0.split(separator: ">").first }) {
            let outside = tag.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset.isMultiple(of: 2) }.map(\.element).joined()
            if html.contains("<\(tag)") { #expect(!outside.contains(" on"), "\(html)") }
        }
    }

    @Test func `every link tells nothing of where it was followed from`() throws {
        let html = try #require(
            Markdown.html(from: "[a](https://x.example) https://y.example ![c](https://z.example/i.png)"))

        #expect(html.split(separator: "<a ").count - 1 == 3)
        #expect(html.split(separator: "<a rel=\"noopener nofollow noreferrer\" href=").count - 1 == 3)
    }

    @Test(arguments: [
        ("# T", "<h1>T</h1>\n"), ("**b** ~~d~~", "<p><strong>b</strong> <del>d</del></p>\n"),
        ("a & b", "<p>a &amp; b</p>\n"),
        ("", ""), ("`<x>`", "<p><code>&lt;x&gt;</code></p>\n"),
        ("```swift\nlet a = 1 < 2\n```", "<pre><code class=\"language-swift\">let a = 1 &lt; 2\n</code></pre>\n"),
    ])
    func `ordinary Markdown becomes HTML`(text: String, html: String) {
        #expect(Markdown.html(from: text) == html)
    }
}
