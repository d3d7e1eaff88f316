import Testing

@testable import Core

struct JSONWriterTests {
    @Test(arguments: [
        ("", #""""#), ("a", #""a""#), ("Ünsafe 𝄞", #""Ünsafe 𝄞""#), ("\"\\\n\r\t", #""\"\\\n\r\t""#),
        ("\u{0}\u{1F}\u{7F}", #""\u0000\u001f\u007f""#),
        ("plain text\u{7F}\u{7F} and more\"", #""plain text\u007f\u007f and more\"""#),
    ])
    func `what cannot stand in a string is escaped, and DEL with it`(text: String, json: String) {
        #expect(JSON(text).text == json)
    }

    @Test func `what must be escaped is found at every place`() throws {
        for place in 0..<20 {
            for special in ["\"", "\u{7F}", "\u{1}", "é"] {
                let text = String(repeating: "x", count: place) + special + String(repeating: "y", count: 19 - place)
                #expect(try JSONReader.read(JSON(text).bytes).string == text)
            }
        }
    }

    @Test(
        arguments: [
            [:], [], ["a": []], [nil, true, false, 1, -12, "x"],
            ["a": 1, "b\n": [1, [2, "\u{7F}\"é"]], "c": ["d": nil]],
        ] as [JSON])
    func `the size is that of what is written`(value: JSON) {
        #expect(value.size == value.bytes.count)
        #expect(ChecksummedLine.size(of: value) == ChecksummedLine.encode(value).count)
    }
}
