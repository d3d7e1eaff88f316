import Testing

@testable import Core

struct TextFoldedTests {
    @Test(
        arguments: [
            ("Émilie ÖZGÜR", "emilie ozgur"), ("E\u{301}milie", "emilie"), ("İstanbul", "istanbul"),
            ("Straße", "strasse"), ("Łukasz Ørsted Ævar", "lukasz orsted aevar"), ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
            ("Ёлка", "елка"), ("Nguyễn Văn", "nguyen van"), ("日本 語", "日本 語"), ("", ""), ("a_B.C@9", "a_b.c@9"),
        ])
    func `case and accents do not count`(text: String, folded: String) {
        #expect(Text.folded(text) == Text.folded(folded))
        #expect(String(decoding: Text.folded(text), as: UTF8.self).allSatisfy { !$0.isUppercase })
    }

    @Test func `letters of scripts without accents stay apart`() {
        #expect(Text.folded("金") != Text.folded("全"))
        #expect(Text.folded("가") != Text.folded("나"))
        #expect(Text.folded("ab") != Text.folded("ba"))
    }
}
