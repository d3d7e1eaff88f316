import Testing

@testable import Core

struct MultipartDecoderTests {
    private func decode(_ body: String, _ type: String = "multipart/form-data; boundary=XX") throws -> [String] {
        try MultipartDecoder.decode(Array(body.utf8), contentType: type).flatMap { [$0.name, $0.value] }
    }

    private let part = "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--XX--\r\n"

    @Test func `fields come in their order with their line ends`() throws {
        let body =
            "a preamble\r\n--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nline 1\r\nline 2 é\r\n"
            + "--XX \r\ncontent-disposition: form-data; filename=\"x;name=no\"; name=b\r\n"
            + "Content-Type: text/plain\r\n\r\n\r\n--XX--\r\nan epilogue"

        #expect(try decode(body) == ["a", "line 1\r\nline 2 é", "b", ""])
    }

    @Test(arguments: [
        "multipart/form-data; boundary=XX", "multipart/form-data; charset=utf-8; boundary=\"XX\"",
        "multipart/form-data;BOUNDARY=XX; x=y",
    ])
    func `the boundary is found in all its spellings`(type: String) throws {
        #expect(try decode(part, type) == ["a", "1"])
    }

    @Test(arguments: [
        "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"XX",
        "multipart/form-data; boundary=YY", "multipart/form-data; boundary=\(String(repeating: "X", count: 71))",
    ])
    func `a boundary that is missing or not usable is refused`(type: String) {
        let error = #expect(throws: GatewayError.self) { try decode(part, type) }
        #expect(error?.code == .malformedRequest)
    }

    @Test(arguments: [
        "", "--XX", "--XX\r\n", "--XX\r\n\r\n", "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1",
        "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n--XX--", "--XX\r\nX: 1\r\n\r\n1\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data\r\n\r\n1\r\n--XX--", "--XXno\r\n\r\n\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--XX--",
    ])
    func `what is cut off or has no name is refused`(body: String) {
        let error = #expect(throws: GatewayError.self) { try decode(body) }
        #expect(error?.code == .malformedRequest)
    }

    @Test func `a field that is not UTF-8 is refused`() {
        let body =
            Array("--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n".utf8) + [0xFF] + Array("\r\n--XX--".utf8)
        #expect(throws: GatewayError.self) {
            try MultipartDecoder.decode(body, contentType: "multipart/form-data; boundary=XX")
        }
    }
}
