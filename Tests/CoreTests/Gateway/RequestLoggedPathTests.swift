import Testing

@testable import Core

struct RequestLoggedPathTests {
    @Test(arguments: [
        ("/api/chat", "/api/chat"),
        ("/v1/models/gpt-4o:x@y_z~1+", "/v1/models/gpt-4o:x@y_z~1+"),
        ("/api/chat?user=secret", "/api/chat"),
        ("/api/chat;user=secret", "/api/chat"),
        ("/a b", "/a"),
        ("/\u{E9}", "/"),
        ("", ""),
    ])
    func `a logged path ends where something else than a path begins`(path: String, logged: String) {
        #expect(Request(id: "0123456789", method: .get, path: path).loggedPath == logged)
    }

    @Test(arguments: ["/", "/api/chat/", "/v1/models/", "/x?user="])
    func `a path with a key is not logged`(before: String) {
        for key in [APIKey.generate().text, "Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv"] {
            #expect(Request(id: "0123456789", method: .get, path: "\(before)\(key)").loggedPath == "")
        }
    }

    @Test func `a long path of short words is logged`() {
        let path = String(repeating: "/a-model.of-31_letters0123456789", count: 20)

        #expect(Request(id: "0123456789", method: .get, path: path).loggedPath == path)
    }
}
