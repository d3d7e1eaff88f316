/// `/healthz`: whether this worker can do its work.
package struct HealthHandler: Sendable {
    let isStoreHealthy: @Sendable () -> Bool

    package func respond(to call: Call) throws -> Response {
        guard isStoreHealthy() else {
            throw GatewayError(.storageUnavailable, "The state directory cannot be read.", retryAfter: .seconds(5))
        }
        return .json(["status": "ok"])
    }
}
