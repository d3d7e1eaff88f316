import Testing

@testable import Core

struct FormDecoderTests {
    @Test(
        arguments: [
            ("", []), ("a=1&b=2", ["a", "1", "b", "2"]), ("a=1&a=2", ["a", "1", "a", "2"]), ("a", ["a", ""]),
            ("a=", ["a", ""]), ("=b", ["", "b"]), ("&&a=1&", ["a", "1"]), ("a=b=c", ["a", "b=c"]),
            ("a+b=c+d", ["a b", "c d"]), ("a=%2B%26%3D%25", ["a", "+&=%"]), ("%61=%c3%A9", ["a", "é"]),
            ("a=\u{E9}", ["a", "é"]), ("a=%00", ["a", "\u{0}"]),
        ] as [(String, [String])])
    func `names and values are decoded in their order`(text: String, expected: [String]) throws {
        #expect(try FormDecoder.decode(Array(text.utf8)).flatMap { [$0.name, $0.value] } == expected)
    }

    @Test(arguments: ["a=%", "a=%4", "a=%zz", "a=%+1", "%=1", "a=%ff", "a=%c3", "a=%ed%a0%80", "a=%c0%80"])
    func `broken percent signs and what is not UTF-8 are refused`(text: String) {
        #expect(throws: FormDecoder.Malformed.self) { try FormDecoder.decode(Array(text.utf8)) }
        let error = #expect(throws: GatewayError.self) { try Parameters.fields(Array(text.utf8)) }
        #expect(error?.code == .malformedRequest)
    }

    @Test func `the number of fields is limited`() throws {
        #expect(try FormDecoder.decode(Array(repeating: "a", count: 1000).joined(separator: "&").utf8).count == 1000)
        #expect(throws: FormDecoder.Malformed.self) {
            try FormDecoder.decode(Array(repeating: "a", count: 1001).joined(separator: "&").utf8)
        }
    }
}
