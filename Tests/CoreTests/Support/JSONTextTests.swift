import Testing

@testable import Core

/// Values that stay in the bytes they came in.
struct JSONTextTests {
    private func text(_ json: String) throws -> JSONText { try JSONReader.text(Array(json.utf8)) }

    private func bytes(_ text: JSONText) -> String {
        var output: [UInt8] = []
        text.write(to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    @Test func `a value is passed on as it came, without what stands around it`() throws {
        let text = try text(" \n{\"a\": [1.50, \"\\u00e9\\/\"] , \"b\":{ } }\t")

        #expect(bytes(text) == "{\"a\": [1.50, \"\\u00e9\\/\"] , \"b\":{ } }")
        #expect(text["a"].map(bytes) == "[1.50, \"\\u00e9\\/\"]")
        #expect(text["b"].map(bytes) == "{ }")
        #expect(text["c"] == nil)
        #expect(text["a"]?.elements?.map(bytes) == ["1.50", "\"\\u00e9\\/\""])
        #expect(text["a"]?.elements?.last?.string == "é/")
        #expect(text["b"]?.members?.isEmpty == true)
    }

    @Test func `brackets, quotes and commas in strings are passed over`() throws {
        let text = try text(#"{"a\"}":"]},:\\","\\":[{"x":"[\\\""},"{"],"z" : true}"#)

        #expect(text.members?.map(\.name) == [#"a"}"#, #"\"#, "z"])
        #expect(text[#"a"}"#]?.string == #"]},:\"#)
        #expect(text[#"\"#]?.elements?.count == 2)
        #expect(text["z"]?.value == true)
    }

    @Test(arguments: ["", "a", "é", "日本語のテキスト", "12345678", "1234567é", "é😀\u{10FFFF}", "\u{7F}"])
    func `text of all lengths is read, with and without escapes`(word: String) throws {
        for count in 0..<20 {
            let plain = String(repeating: word, count: count)
            #expect(try text("[\"\(plain)\"]").elements?.first?.string == plain)
            #expect(try text("\"\(plain)\\n\(plain)\\ud83d\\ude00\"").string == plain + "\n" + plain + "😀")
            #expect(try text("{\"\(plain)\\t\":0}").value == [plain + "\t": 0])
        }
    }

    /// What is wrong and where, for a person who looks for it.
    private static let refused: [(String, String, Int)] = [
        ("", "it ends too early", 0), ("{", "a member name is expected", 1), ("[1,]", "a value is expected", 3),
        (#"{"a":1,}"#, "a member name is expected", 7), (#"{"a" 1}"#, "a colon is expected", 5),
        (#"{"a":1 "b":2}"#, "a comma or a closing brace is expected", 7),
        ("[1 2]", "a comma or a closing bracket is expected", 3), ("01", "something follows the value", 1),
        ("1.", "a digit is expected", 2), ("tru", "a value is expected", 0),
        ("\"abc", "a string has no end", 4), ("\"abc\\", "a string has no end", 5),
        ("\"abcdefghij\u{1}\"", "a control character stands in a string", 11),
        ("\"abcdefghij\\n\u{1}\"", "a control character stands in a string", 13),
        (#""\x""#, "an unknown escape stands in a string", 3),
        (#""\u12g4""#, "four hexadecimal digits are expected", 5),
        (#""\ud800""#, "half of a surrogate pair stands alone", 7),
        (#""\udc00""#, "half of a surrogate pair stands alone", 7),
        (#""\ud800\u0041""#, "half of a surrogate pair stands alone", 13),
        (#"{"a":1,"a":2}"#, "a member name stands twice in an object", 7),
        (#"{"a":1,"\u0061":2}"#, "a member name stands twice in an object", 7),
        // A composed accent and a decomposed one are one name for Swift.
        ("{\"\u{E9}\":1,\"e\u{301}\":2}", "a member name stands twice in an object", 8),
        (#"{"a":{"b":1,"b":1}}"#, "a member name stands twice in an object", 12),
        ("\u{FEFF}{}", "it begins with a byte order mark", 0),
        ("1" + String(repeating: "0", count: 64), "a number is longer than 64 characters", 65),
    ]

    @Test(arguments: refused)
    func `what is refused is named with its place`(json: String, reason: String, offset: Int) {
        #expect(throws: JSONSyntaxError(reason: reason, offset: offset)) { try text(json) }
    }

    @Test func `equal names are allowed in different objects, and found among many`() throws {
        #expect(throws: Never.self) { try text(#"{"a":{"a":[{"a":1},{"a":1}]},"b":{"a":1}}"#) }
        let many = (0..<40).map { #""name\#($0)":0"# }
        #expect(throws: Never.self) { try text("{" + many.joined(separator: ",") + "}") }
        for twice in ["name0", "name11", "name12", "name39", #"n\u0061me5"#] {
            #expect(throws: JSONSyntaxError.self) {
                try text("{" + (many + [#""\#(twice)":0"#]).joined(separator: ",") + "}")
            }
        }
    }

    @Test(
        arguments: [
            [0xC3], [0xA9], [0xC3, 0x28], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC0, 0x80],
            [0xFF],
        ] as [[UInt8]])
    func `a string that is not UTF-8 is refused wherever it stands`(broken: [UInt8]) {
        for before in ["", "a", "1234567", "é", "12345678901", #"\n"#] {
            for after in ["", "z", "12345678", #"\u0041"#] {
                let bytes = Array("[\"\(before)".utf8) + broken + Array("\(after)\"]".utf8)
                #expect(throws: JSONSyntaxError.self) { try JSONReader.text(bytes) }
            }
        }
    }
}
