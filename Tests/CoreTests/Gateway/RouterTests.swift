import Testing

@testable import Core

struct RouterTests {
    private let router = Router([
        Route("/v1/models", [.get], .openAI, for: .open) { _ in Response(status: .ok) },
        Route("/v1/models/*", [.get, .delete], .openAI, for: .open) { _ in Response(status: .ok) },
    ])

    @Test(arguments: ["/v1/models/a", "/v1/models/an/owner's/model", "/v1/models/", "/v1/models/*"])
    func `a route with a star takes all that begins like it`(path: String) throws {
        #expect(try router.route(.get, path).path == "/v1/models/*")
        #expect(router.methods(at: path) == [.get, .delete])
    }

    @Test(arguments: ["/v1/models*", "/v1/model", "/v1", "/", "", "/x/v1/models/a"])
    func `what begins in another way is not found`(path: String) {
        #expect(throws: GatewayError.self) { try router.route(.get, path) }
        #expect(router.methods(at: path).isEmpty)
    }

    @Test func `a star may stand in the middle, and the longer end is meant`() throws {
        let router = Router([
            Route("/k/*", [.delete], .api, for: .open) { _ in Response(status: .ok) },
            Route("/k/*/rotate", [.post], .api, for: .open) { _ in Response(status: .ok) },
        ])
        #expect(router.methods(at: "/k/x/rotate") == [.post])
        #expect(try router.route(.post, "/k/x/rotate").value(in: "/k/x/rotate") == "x")
        #expect(try router.route(.delete, "/k/x/rot").value(in: "/k/x/rot") == "x/rot")
        #expect(router.methods(at: "/k/rotate") == [.delete])
        #expect(try router.route(.post, "/k//rotate").value(in: "/k//rotate").isEmpty)
    }

    @Test func `an exact path comes before a star, and HEAD is like GET`() throws {
        #expect(try router.route(.head, "/v1/models").path == "/v1/models")
    }

    @Test func `what is not there under /v1 is told with what is`() {
        let error = router.unknownURL()
        #expect(error.code == .unknownURL && error.isFinal && error.status == .notFound)
        #expect(error.message.hasSuffix(": DELETE /v1/models/{id}, GET /v1/models, GET /v1/models/{id}."))
    }

    @Test func `only the slash behind a page leads to it`() {
        let router = Router([
            Route("/", [.get], .page, for: .open) { _ in Response(status: .ok) },
            Route("/chat", [.get], .page, for: .open) { _ in Response(status: .ok) },
            Route("/api/chat", [.get], .api, for: .open) { _ in Response(status: .ok) },
        ])
        #expect(router.page(atFolder: "/chat/") == "/chat")
        for path in ["/chat", "/", "//", "/api/chat/", "/chat//", "/x/", "//chat/"] {
            #expect(router.page(atFolder: path) == nil, "\(path)")
        }
    }

    @Test func `HEAD begins nothing where POST does the same as GET`() throws {
        let router = Router([Route("/chat", [.get, .post], .api, for: .open) { _ in Response(status: .ok) }])
        #expect(throws: GatewayError.self) { try router.route(.head, "/chat") }
    }
}
