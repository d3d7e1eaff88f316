/// `/healthz`: whether this worker can do its work.
package struct HealthHandler: Sendable {
    let store: any Store

    package func respond(to call: Call) async throws -> Response {
        guard await store.isHealthy() else {
            throw GatewayError(.storageUnavailable, "The state directory cannot be read.", retryAfter: .seconds(5))
        }
        return .json(["status": "ok"])
    }
}
