/// What answers requests: the one thing that a transport needs to know of Core.
package protocol Responder: Sendable {
    /// Answers `request`; every failure is a response, too.
    ///
    /// The surrounding task is cancelled when the caller leaves.
    func respond(to request: Request) async -> Response

    /// The answer to a request that the transport itself refuses with `error`.
    func refuse(_ request: Request, with error: GatewayError) -> Response

    /// Logs the end of an exchange, once the response went out, was cut or was abandoned.
    func finished(_ request: Request, status: Int, bytesSent: Int, duration: Duration, clientLeft: Bool)
}

extension Responder {
    package func refuse(_ request: Request, with error: GatewayError) -> Response { .failure(error, to: request) }
}
