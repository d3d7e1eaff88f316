/// `/healthz`: whether this worker can do its work.
package struct HealthHandler: Sendable {
    private let probe: HealthProbe

    init(store: any Store) { probe = HealthProbe { await store.isHealthy() } }

    package func respond(to call: Call) async throws -> Response {
        guard await probe.isHealthy() else {
            throw GatewayError(.storageUnavailable, "The state directory cannot be read.", retryAfter: .seconds(5))
        }
        return .json(["status": "ok"])
    }
}
