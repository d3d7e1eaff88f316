import Core
import HTTPTypes
import Logging

/// Brings one response to the caller and ends the exchange.
struct ResponseTransmission {
    let exchange: FCGIExchange
    let watch: ConnectionWatch
    let request: Request
    let logger: Logger
    let sent = SentBytes()

    /// Sends `response`; afterwards the exchange is over in any case.
    ///
    /// - Returns: Whether the caller left before the end.
    func send(_ response: Response) async -> Bool {
        do {
            try await transmit(response)
            try await watch.waitForRoom()
        } catch {
            // The head may be out, so the only honest end is a connection that breaks off: nginx passes that on.
            log(error)
            watch.end()
            exchange.finish(abandoning: true)
            return watch.isHungUp || error is ConnectionLost
        }
        // The watch goes first: once the connection is closed its descriptor may be another's.
        watch.end()
        return !exchange.finish(abandoning: false)
    }

    private func transmit(_ response: Response) async throws {
        let writer = ExchangeWriter(exchange: exchange, watch: watch, sent: sent)
        switch response.body {
        case .bytes(let body):
            let head = head(of: response, contentLength: body.count)
            let hasBody = request.method != .head && response.status.code != 204 && response.status.code != 304
            let output = hasBody ? head + body : head
            if output.count <= FCGIExchange.pieceSize {
                // Goes out together with the end record, in one system call.
                try exchange.send(output[...], flushing: false)
                sent.add(output.count - head.count)
            } else {
                try await writer.send(output, bodyStart: head.count)
            }
        case .stream(let write):
            let head = head(of: response, contentLength: nil)
            try await writer.send(head, bodyStart: head.count)
            if request.method != .head { try await write(writer) }
        }
    }

    private func head(of response: Response, contentLength: Int?) -> [UInt8] {
        let head = ResponseHead(response, contentLength: contentLength)
        for name in head.refusedFields {
            logger.error("A header field with a control character was not sent", metadata: ["field": "\(name)"])
        }
        return head.bytes
    }

    private func log(_ error: any Error) {
        guard !(error is ConnectionLost), !(error is CancellationError) else { return }
        logger.error("A streamed response broke off", metadata: ["error": "\(type(of: error))"])
    }
}
