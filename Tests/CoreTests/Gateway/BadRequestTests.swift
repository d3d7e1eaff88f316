import HTTPTypes
import Testing

@testable import Core

/// One bad request and the exact answer to it.
struct BadRequest: Sendable, CustomTestStringConvertible {
    var name: String
    var method: HTTPRequest.Method = .post
    var path = "/api/chat"
    var query = ""
    var type: String? = "application/json"
    var body = ""
    var isSigned = true
    var status: Int
    var code: String

    var testDescription: String { name }
}

struct BadRequestTests {
    static let table: [BadRequest] = [
        BadRequest(name: "unknown path", path: "/nothing", status: 404, code: "not_found"),
        BadRequest(name: "wrong method", method: .put, status: 405, code: "method_not_allowed"),
        BadRequest(name: "no key", body: "{\"prompt\":\"x\"}", isSigned: false, status: 401, code: "invalid_key"),
        BadRequest(name: "empty key", body: "{\"user\":\"\"}", isSigned: false, status: 401, code: "invalid_key"),
        BadRequest(
            name: "mistyped key", body: "{\"user\":\"sk-cas-abc\"}", isSigned: false, status: 401, code: "invalid_key"),
        BadRequest(
            name: "unknown key of the old form", body: "{\"user\":\"Ab1Ab1Ab1Ab1Ab1Ab1Ab1Ab1Ab1Ab1Ab\"}",
            isSigned: false,
            status: 401, code: "invalid_key"),
        BadRequest(
            name: "key that is no text", body: "{\"user\":1}", isSigned: false, status: 422, code: "invalid_parameter"),
        BadRequest(
            name: "duplicate names", body: "{\"prompt\":\"a\",\"prompt\":\"b\"}", status: 400, code: "invalid_json"),
        BadRequest(name: "array", body: "[]", status: 400, code: "invalid_json"),
        BadRequest(name: "broken JSON", body: "{\"prompt\":", status: 400, code: "invalid_json"),
        BadRequest(name: "byte order mark", body: "\u{FEFF}{}", status: 400, code: "invalid_json"),
        BadRequest(
            name: "NUL in an id", body: "{\"conversation_id\":\"a\\u0000b\"}", status: 400, code: "malformed_request"),
        BadRequest(name: "number as prompt", body: "{\"prompt\":5}", status: 422, code: "invalid_parameter"),
        BadRequest(name: "yes as boolean", body: "{\"reply_only\":\"yes\"}", status: 422, code: "invalid_parameter"),
        BadRequest(name: "1 as boolean", body: "{\"pretty\":1}", status: 422, code: "invalid_parameter"),
        BadRequest(name: "maybe as plus", body: "{\"plus\":\"maybe\"}", status: 422, code: "invalid_parameter"),
        BadRequest(
            name: "id with a slash", body: "{\"conversation_id\":\"../x\"}", status: 422, code: "invalid_parameter"),
        BadRequest(name: "plain text", type: "text/plain", body: "hello", status: 415, code: "unsupported_media_type"),
        BadRequest(name: "broken percent sign", query: "prompt=%zz", status: 400, code: "malformed_request"),
        BadRequest(name: "cut percent sign", query: "prompt=%4", status: 400, code: "malformed_request"),
        BadRequest(name: "not UTF-8", query: "prompt=%ff", status: 400, code: "malformed_request"),
        BadRequest(
            name: "multipart without boundary", type: "multipart/form-data", body: "x", status: 400,
            code: "malformed_request"),
        BadRequest(
            name: "multipart without end", type: "multipart/form-data; boundary=XX",
            body: "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb", status: 400, code: "malformed_request"),
        BadRequest(
            name: "huge integer", path: "/api/recall", body: "{\"limit\":1e300}", status: 422, code: "invalid_parameter"
        ),
        BadRequest(
            name: "negative limit", path: "/api/recall", body: "{\"limit\":-1}", status: 422, code: "invalid_parameter"),
        BadRequest(
            name: "unknown format", path: "/api/recall", body: "{\"conversation_id\":\"x\",\"format\":\"pdf\"}",
            status: 422, code: "invalid_parameter"),
        BadRequest(
            name: "no conversation to remove", path: "/api/remove-conversation", body: "{}", status: 422,
            code: "invalid_parameter"),
        BadRequest(
            name: "user key adds a user", path: "/api/client/add-user", body: "{}", status: 403, code: "not_allowed"),
        BadRequest(
            name: "user key in admin", body: "{\"admin\":\"KEY\"}", isSigned: false, status: 403, code: "not_allowed"),
        BadRequest(
            name: "repeated key", query: "user=KEY&user=KEY", isSigned: false, status: 400, code: "conflicting_keys"),
        BadRequest(name: "user names another", body: "{\"user_id\":\"u2\"}", status: 403, code: "not_allowed"),
        BadRequest(
            name: "unknown model", body: "{\"prompt\":\"x\",\"model\":\"nope\"}", status: 404, code: "model_not_found"),
    ]

    @Test(arguments: table) func `a bad request gets its exact answer`(_ bad: BadRequest) async throws {
        let fixture = try GatewayFixture(accounts: [GatewayFixture.account("a", models: ["m"])])
        let key = try fixture.addUser("u1")
        let fill = { (text: String) in Text.replacing("KEY", in: text, with: key) }

        let answer = await fixture.send(
            bad.method, bad.path, query: fill(bad.query), type: bad.body.isEmpty ? nil : bad.type, body: fill(bad.body),
            key: bad.isSigned ? key : nil)

        #expect(answer.status == bad.status)
        #expect(answer.code == bad.code)
        #expect(answer.json?["status"]?.string == "error")
        #expect(answer.json?["request_id"]?.string == "0123456789abcdef")
        #expect(answer.response.headers[.requestID] == "0123456789abcdef")
        #expect(!answer.text.contains(key))
        #expect(fixture.driver.asked.isEmpty)
    }

    @Test func `JSON that is too deep is refused before it is decoded`() async throws {
        let fixture = try GatewayFixture()
        let key = try fixture.addUser("u1")
        let deep = "{\"prompt\":" + String(repeating: "[", count: 500_000) + "}"
        let answer = await fixture.send(.post, "/api/chat", type: "application/json", body: deep, key: key)
        #expect(answer.status == 400)
    }

    @Test func `two keys of one role conflict, an unknown second key is refused`() async throws {
        let fixture = try GatewayFixture()
        let (one, two) = (try fixture.addUser("u1"), try fixture.addUser("u2"))
        let both = await fixture.post("/api/chat", ["user": JSON(one), "prompt": "x"], key: two)
        #expect(both.code == "conflicting_keys")
        let unknown = await fixture.post("/api/chat", ["user": JSON(one), "prompt": "x"], key: APIKey.generate().text)
        #expect(unknown.code == "invalid_key")
    }
}
