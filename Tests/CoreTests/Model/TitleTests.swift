import Testing

@testable import Core

struct TitleTests {
    @Test(arguments: [
        ("Hello", "Hello"), ("\n  \n  What   is\tthis?\nMore", "What is\tthis?"), ("", "New conversation"),
        (" \n ", "New conversation"), ("\"\"", "New conversation"),
        (String(repeating: "word ", count: 20), String(repeating: "word ", count: 10) + "word…"),
        (String(repeating: "x", count: 100), String(repeating: "x", count: 59) + "…"),
        (String(repeating: "x", count: 60), String(repeating: "x", count: 60)),
    ])
    func `a title is cut from the first line at a word`(prompt: String, title: String) {
        // A tab is a control character and is dropped.
        #expect(Title.cut(from: prompt) == title.filter { $0 != "\t" })
    }

    @Test(
        arguments: [
            ("\"A Title\"", "A Title"), ("Title: \"A Title\"", "A Title"), ("**A Title**", "A Title"),
            ("# A Title", "A Title"), ("A\u{0}\u{1B} Title\u{7F}", "A Title"), ("\nA Title\nand more", "A Title"),
            ("", nil), ("\"'*\"", nil), (" \n ", nil),
        ] as [(String, String?)])
    func `a given title loses its quotes, marks and control characters`(text: String, title: String?) {
        #expect(Title.clean(text) == title)
    }

    @Test func `a given title keeps its length`() {
        let title = Title.clean(String(repeating: "é", count: 500))
        #expect(title == String(repeating: "é", count: Title.length - 1) + "…")
    }
}

extension TitleTests {
    @Test(arguments: [
        "a" + String(repeating: "\u{301}", count: 480_000), String(repeating: "👨‍👩‍👧‍👦", count: 500),
        String(repeating: "e\u{301}\u{302}\u{303}", count: 500), String(repeating: "\u{1F600}", count: 2000),
        "\u{301}" + String(repeating: "\u{302}", count: 5000),
    ])
    func `no title is longer than its bytes`(text: String) throws {
        for title in [try #require(Title.clean(text)), Title.cut(from: text)] {
            #expect(title.utf8.count <= Title.maxBytes && title.count <= Title.length && title.hasSuffix("…"))
            #expect(!title.unicodeScalars.contains("\u{FFFD}"))
        }
    }

    @Test func `a title has no controls and no marks that turn the text around it`() {
        #expect(Title.clean("a\u{9B}b\u{85}c") == "ab")
        #expect(Title.clean("x\u{202E}y\u{2066}z\u{200F}\u{61C}\u{FEFF}") == "xyz")
        #expect(Title.clean("one\u{2028}two") == "one")
        #expect(Title.clean("\u{202E}\u{200E}") == nil)
        // These join letters of Persian and emoji.
        #expect(Title.clean("می\u{200C}خواهم 👩\u{200D}💻") == "می\u{200C}خواهم 👩\u{200D}💻")
    }

    @Test func `a title is found behind much white space`() {
        #expect(Title.cut(from: String(repeating: " \n", count: 10_000) + "Hello, you!") == "Hello, you!")
    }
}
