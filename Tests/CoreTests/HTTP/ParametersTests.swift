import HTTPTypes
import Testing

@testable import Core

struct ParametersTests {
    private func parameters(json: String) throws -> Parameters {
        try parameters(type: "application/json", body: json)
    }

    private func parameters(type: String?, body: String, path: String = "/api/chat") throws -> Parameters {
        var headers = HTTPFields()
        headers[.contentType] = type
        return try Parameters(
            of: Request(id: "0123456789", method: .post, path: path, headers: headers, body: Array(body.utf8)))
    }

    @Test(arguments: ["5", "0", "905123456789012345678", "-1001234567890"])
    func `a whole number is taken as its digits where an id is wanted`(digits: String) throws {
        let parameters = try parameters(json: "{\"user_id\":\(digits),\"prompt\":\(digits)}")
        #expect(try parameters.identifier("user_id") == digits)
        #expect(try parameters.text("user_id", takesDigits: true) == digits)
        #expect(throws: GatewayError.self) { try parameters.text("prompt") }
    }

    @Test(arguments: ["5.0", "5e3", "5E0", "-0", "0.5", "true", "[5]", "{}"])
    func `other values are no ids`(value: String) throws {
        let parameters = try parameters(json: "{\"userid\":\(value)}")
        #expect(throws: GatewayError.self) { try parameters.identifier("user_id") }
    }

    @Test(arguments: [("true", true), ("True", true), ("false", false), ("False", false)])
    func `booleans may be written as Python writes them`(word: String, value: Bool) throws {
        let form = try parameters(type: "application/x-www-form-urlencoded", body: "pretty=\(word)&plus=\(word)")
        let json = try parameters(json: "{\"pretty\":\"\(word)\",\"plus\":\"\(word)\"}")
        for parameters in [form, json] {
            #expect(try parameters.bool("pretty") == value)
            #expect(try parameters.pool() == (value ? .plus : .free))
        }
    }

    @Test(arguments: ["TRUE", "tRUE", "1", "yes", " true"])
    func `other words are no booleans`(word: String) throws {
        let parameters = try parameters(json: "{\"pretty\":\"\(word)\"}")
        #expect(throws: GatewayError.self) { try parameters.bool("pretty") }
    }

    @Test(
        arguments: ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8", nil],
        ["{\"user\":\"x\"}", "\r\n\t {}", "[1]"])
    func `JSON under another name is told so`(type: String?, body: String) throws {
        let error = try #require(throws: GatewayError.self) { try parameters(type: type, body: body) }
        #expect(error.code == .unsupportedMediaType)
        #expect(error.message.contains("is JSON") && error.message.contains("Content-Type: application/json"))
        #expect(error.message.contains(type == nil ? "no Content-Type" : "application/x-www-form-urlencoded"))
    }

    @Test func `the OpenAI API takes threads with more values than the rest`() throws {
        let thread = "{\"messages\":[" + Array(repeating: "0", count: 50_000).joined(separator: ",") + "]}"
        #expect(try parameters(type: "application/json", body: thread, path: "/v1/x").body?.map(\.name) == ["messages"])
        #expect(throws: GatewayError.self) { try parameters(json: thread) }
        let more = "{\"messages\":[" + Array(repeating: "0", count: 100_000).joined(separator: ",") + "]}"
        #expect(throws: GatewayError.self) { try parameters(type: "application/json", body: more, path: "/v1/x") }
    }
}
