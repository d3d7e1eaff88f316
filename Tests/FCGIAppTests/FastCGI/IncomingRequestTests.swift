import HTTPTypes
import Testing

@testable import FCGIApp

struct IncomingRequestTests {
    private func incoming(_ changes: [String: String]) -> IncomingRequest {
        var parameters = FCGIParameters()
        let usual = ["REQUEST_METHOD": "GET", "DOCUMENT_URI": "/a", "REQUEST_ID": "abcdefgh"]
        for (name, value) in usual.merging(changes, uniquingKeysWith: { $1 }) {
            parameters.add(name: name, value: value)
        }
        return IncomingRequest(parameters)
    }

    @Test(arguments: [
        ["REQUEST_METHOD": "GE T"], ["REQUEST_METHOD": ""], ["DOCUMENT_URI": "/a\nb"], ["DOCUMENT_URI": "/\u{7F}"],
        ["DOCUMENT_URI": "a"], ["DOCUMENT_URI": ""], ["CONTENT_LENGTH": "-1"], ["CONTENT_LENGTH": "1e3"],
        ["CONTENT_LENGTH": "99999999999999999999"],
    ])
    func refusesWhatIsMalformed(changes: [String: String]) {
        #expect(incoming(changes).refusal == .malformedRequest)
    }

    @Test func takesMethodsItDoesNotKnow() {
        let incoming = incoming(["REQUEST_METHOD": "BREW"])

        #expect(incoming.refusal == nil)
        #expect(incoming.request.method.rawValue == "BREW")
    }

    @Test func fallsBackToTheScriptName() {
        var parameters = FCGIParameters()
        parameters.add(name: "REQUEST_METHOD", value: "GET")
        parameters.add(name: "SCRIPT_NAME", value: "/s")

        #expect(IncomingRequest(parameters).request.path == "/s")
    }

    @Test(arguments: ["short", "with space", "line\nfeed-is-long-enough", String(repeating: "a", count: 65)])
    func replacesARequestIDThatIsNoneOfOurs(id: String) {
        let made = incoming(["REQUEST_ID": id]).request.id

        #expect(made.utf8.count == 32)
        #expect(made.allSatisfy { $0.isHexDigit })
        #expect(made != incoming(["REQUEST_ID": id]).request.id)
    }

    @Test func keepsRepeatedFieldsApart() {
        var parameters = FCGIParameters()
        parameters.add(name: "HTTP_AUTHORIZATION", value: "Bearer a")
        parameters.add(name: "HTTP_AUTHORIZATION", value: "Bearer b")

        let headers = IncomingRequest(parameters).request.headers

        #expect(headers[values: .authorization] == ["Bearer a", "Bearer b"])
    }

    @Test func refusesMoreFieldsThanABoundedNumber() {
        var parameters = FCGIParameters()
        parameters.add(name: "REQUEST_METHOD", value: "GET")
        parameters.add(name: "DOCUMENT_URI", value: "/")
        for number in 0..<1000 { parameters.add(name: "HTTP_X_\(number)", value: "v") }

        #expect(parameters.fields.count == FCGIParameters.maxFields)
        #expect(IncomingRequest(parameters).refusal == .malformedRequest)
    }

    @Test func refusesFieldsThatAreTooLargeTogether() {
        var parameters = FCGIParameters()
        parameters.add(name: "REQUEST_METHOD", value: "GET")
        parameters.add(name: "DOCUMENT_URI", value: "/v1/models")
        let value = String(repeating: "v", count: FCGIParameters.maxBytes / 4)
        for number in 0..<5 { parameters.add(name: "HTTP_X_\(number)", value: value) }

        #expect(parameters.fields.count == 3)
        #expect(IncomingRequest(parameters).refusal == .headersTooLarge)
    }

    @Test func refusesAPathThatIsNotUTF8() {
        var parameters = FCGIParameters()
        parameters.add(name: "REQUEST_METHOD", value: "GET")
        let isWellFormed = parameters.add(encoded: [12, 2] + Array("DOCUMENT_URI/".utf8) + [0xC3])

        #expect(isWellFormed)
        #expect(IncomingRequest(parameters).refusal == .malformedRequest)
    }
}
