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
