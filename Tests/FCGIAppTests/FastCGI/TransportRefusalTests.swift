import Core
import Testing

@testable import FCGIApp

struct TransportRefusalTests {
    @Test(arguments: [
        (TransportRefusal.malformedRequest, 400, "malformed_request"),
        (.bodyTooLarge(limit: 10), 413, "body_too_large"),
        (.headersTooLarge, 431, "headers_too_large"),
        (.invalidResponse, 500, "internal_error"),
    ])
    func `a refusal has the shape that its path has`(refusal: TransportRefusal, status: Int, code: String) throws {
        let ours = Response.failure(
            refusal.error, to: Request(id: "0123456789", method: .post, path: "/api/chat\n"))
        let theirs = Response.failure(
            refusal.error, to: Request(id: "0123456789", method: .post, path: "/v1/models/a\n"))

        #expect(ours.status.code == status && theirs.status.code == status)
        #expect(try text(of: ours).contains("\"status\":\"error\",\"code\":\"\(code)\""))
        #expect(try text(of: theirs).hasPrefix("{\"error\":{\"message\":"))
        #expect(try text(of: theirs).contains("\"code\":\"\(code)\""))
    }

    private func text(of response: Response) throws -> String {
        guard case .bytes(let bytes) = response.body else { throw CancellationError() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
