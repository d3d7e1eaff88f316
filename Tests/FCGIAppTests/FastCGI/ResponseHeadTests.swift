import Core
import HTTPTypes
import Testing

@testable import FCGIApp

struct ResponseHeadTests {
    private func text(_ head: ResponseHead) -> String { String(decoding: head.bytes, as: UTF8.self) }

    @Test func beginsWithTheStatusAndEndsWithAnEmptyLine() {
        let head = ResponseHead(Response(status: .notFound, headers: [.contentType: "text/plain"]), contentLength: 3)

        #expect(text(head) == "Status: 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\n")
    }

    @Test(arguments: [UInt8(1), 0x0A, 0x0D, 0x1F, 0x7F])
    func leavesOutAFieldWithAControlCharacter(byte: UInt8) throws {
        let name = try #require(HTTPField.Name("X-Note"))
        var headers = HTTPFields()
        headers.append(HTTPField(name: name, lenientValue: Array("a".utf8) + [byte] + Array("X-Evil: 1".utf8)))

        let head = ResponseHead(Response(status: .ok, headers: headers), contentLength: nil)

        // The type itself turns line ends into spaces; whatever arrives here, no line begins with the value's rest.
        #expect(!text(head).contains("\nX-Evil"))
        #expect(head.bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x0A || $0 == 0x0D })
        if byte != 0x0A, byte != 0x0D { #expect(head.refusedFields == ["x-note"]) }
    }

    @Test func aReasonPhraseCannotAddLines() {
        let status = HTTPResponse.Status(code: 200, reasonPhrase: "OK\r\nX-Evil: 1")

        let head = ResponseHead(Response(status: status), contentLength: nil)

        #expect(!text(head).contains("\nX-Evil"))
    }

    @Test func decidesAboutTheLengthItself() {
        let head = ResponseHead(Response(status: .ok, headers: [.contentLength: "99"]), contentLength: 1)

        #expect(text(head) == "Status: 200 OK\r\nContent-Length: 1\r\n\r\n")
    }
}
