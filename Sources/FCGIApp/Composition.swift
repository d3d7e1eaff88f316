import Core
import Glibc
import HTTPTypes

/// Puts the program together: from settings and state directory to something that answers requests.
enum Composition {
    /// What a worker needs to serve.
    struct Parts {
        var responder: any Responder
        var maxBodyBytes: Int
        /// How many requests may block at the same time.
        var executorThreads: Int
    }

    /// Checks the settings without using them; returns the warnings.
    ///
    /// - Throws: One error whose description lists all problems.
    static func checkSettings(path: String) throws -> [String] {
        guard access(path, R_OK) == 0 else { throw SystemCallError("Cannot read the settings \(path)") }
        return []
    }

    static func makeResponder(settingsPath: String, stateDirectory: String) throws -> Parts {
        _ = try checkSettings(path: settingsPath)
        return Parts(responder: NotConfigured(), maxBodyBytes: 1 << 20, executorThreads: 64)
    }

    /// Says that there is nothing behind this server yet.
    private struct NotConfigured: Responder {
        func respond(to request: Request) async -> Response {
            let body: JSON = [
                "status": "error", "code": "not_configured", "message": "This server is not configured yet.",
                "request_id": JSON(request.id),
            ]
            var headers: HTTPFields = [.contentType: "application/json"]
            if let name = HTTPField.Name("X-Request-Id") { headers[name] = request.id }
            return Response(status: .serviceUnavailable, headers: headers, body: .bytes(body.bytes))
        }

        func finished(_ request: Request, status: Int, bytesSent: Int, duration: Duration, clientLeft: Bool) {}
    }
}
