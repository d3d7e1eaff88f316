import Testing

@testable import Core

struct JSONTests {
    @Test(arguments: [
        "{\"b\":1.50,\"a\":[true,false,null,\"x\"],\"c\":{\"d\":-0.0e10}}", "[]", "{}", "\"\"",
        "12345678901234567890.123",
        "[[],{}]",
    ])
    func `what is read is written back with its order and digits`(text: String) throws {
        #expect(try JSONReader.read(text).text == text)
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "01", "1.", "+1", ".5", "tru", "nul", "\"\u{1}\"", "\"\\x\"",
        "\"\\ud800\"", "\"\\ud800\\u0041\"", "1 2", "{\"a\":1 \"b\":2}", "\u{FEFF}{}", "{\"a\":1,\"a\":2}", "'a'",
        "NaN",
        "{\"\\u0061\":1,\"a\":2}", "\"abc", "[1", "-", "1e", "{1:2}",
    ])
    func `what is not strict JSON is refused`(text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSONReader.read(text) }
    }

    @Test func `bytes that are not UTF-8 and UTF-16 text are refused`() {
        #expect(throws: JSONSyntaxError.self) { try JSONReader.read([0x22, 0xFF, 0x22]) }
        #expect(throws: JSONSyntaxError.self) { try JSONReader.read([0x7B, 0x00, 0x7D, 0x00]) }
    }

    @Test func `escapes are decoded, surrogate pairs included`() throws {
        #expect(try JSONReader.read("\"\\u00e9\\ud83d\\ude00\\n\\/\"") == .string("é😀\n/"))
    }

    @Test func `depth and number of values are limited`() throws {
        let deep = String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
        #expect(throws: Never.self) { try JSONReader.read(deep) }
        #expect(throws: JSONSyntaxError.self) { try JSONReader.read("[\(deep)]") }
        let many = "[" + Array(repeating: "1", count: 10_000).joined(separator: ",") + "]"
        let error = #expect(throws: JSONSyntaxError.self) { try JSONReader.read(many) }
        #expect(error?.isLimit == true)
    }

    @Test func `only whole numbers that fit are integers`() throws {
        #expect(try JSONReader.read("3.0").int == 3)
        #expect(try JSONReader.read("3e2").int == 300)
        #expect(try JSONReader.read("1e300").int == nil)
        #expect(try JSONReader.read("0.5").int == nil)
        #expect(try JSONReader.read("99999999999999999999").int == nil)
    }

    @Test func `control characters are written as escapes`() {
        #expect(JSON.string("a\u{1}\u{7F}\n\"\\").text == "\"a\\u0001\\u007f\\n\\\"\\\\\"")
    }
}
