import Testing

@testable import Core

struct UsernameTests {
    @Test(arguments: ["Ada", "Ada Lovelace", "山田太郎", "مريم", "👩‍💻", "❤️", "नी‌ति", "葛\u{E0100}"])
    func `names of people are taken`(_ name: String) { #expect(User.isValidUsername(name)) }

    @Test(arguments: [
        "", " ", "\u{3000}", "a\u{0}", "a\n", "a\u{7F}", "a\u{85}", "a\u{9B}31m", "a\u{2028}b", "a\u{2029}b",
        "a\u{202E}b", "a\u{2066}b", "a\u{200E}b", "a\u{061C}b", "a\u{200B}b", "a\u{FEFF}b", "a\u{2060}b", "a\u{AD}b",
        "a\u{FFF9}b", "a\u{E0041}b", "\u{200D}", "\u{3164}",
    ])
    func `names that hide something are refused`(_ name: String) { #expect(!User.isValidUsername(name)) }

    @Test func `what is hidden is shown escaped, and JSON stays the same value`() throws {
        #expect(Text.shown("a\u{9B}b\u{202E}") == "a\\u{9b}b\\u{202e}")
        let value: JSON = ["name": "a\u{9B}\u{E0041}\u{202E}b"]
        let text = Text.shown(value)
        #expect(text.utf8.allSatisfy { $0 < 0x80 })
        #expect(try JSONReader.read(text, limits: .trusted) == value)
    }
}
