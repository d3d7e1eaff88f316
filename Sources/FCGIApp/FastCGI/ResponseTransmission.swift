import Core
import HTTPTypes
import Logging

/// Brings one response to the caller and ends the exchange.
struct ResponseTransmission {
    let exchange: FCGIExchange
    let watch: ConnectionWatch
    let request: Request
    let spool: Spool
    let logger: Logger
    let sent = SentBytes()

    /// Sends `response`; afterwards the exchange is over in any case, and the response without its body.
    ///
    /// - Returns: The status that went out, and whether the caller left before the end.
    func send(_ response: inout Response) async -> (status: Int, hasClientLeft: Bool) {
        do {
            try await transmit(&response)
            try await watch.waitForRoom()
        } catch {
            // The head may be out, so the only honest end is a connection that breaks off: nginx passes that on.
            log(error)
            watch.end()
            exchange.finish(abandoning: true)
            return (response.status.code, watch.isHungUp || error is ConnectionLost)
        }
        // The watch goes first: once the connection is closed its descriptor may be another's.
        watch.end()
        return (response.status.code, !exchange.finish(abandoning: false))
    }

    private func transmit(_ response: inout Response) async throws {
        switch response.body {
        case .bytes(var body):
            // The only one that holds it, so that it is gone once it is sent or laid aside.
            response.body = .bytes([])
            let head = head(of: response, contentLength: body.count)
            let hasBody = request.method != .head && response.status.code != 204 && response.status.code != 304
            if !hasBody { body = [] }
            if head.count + body.count <= FCGIExchange.pieceSize {
                // Goes out together with the end record, in one system call.
                try exchange.send((head + body)[...], flushing: false)
                sent.add(body.count)
            } else {
                try await writer(head).send(body)
            }
        case .stream(let write):
            response.body = .bytes([])
            let writer = writer(head(of: response, contentLength: nil))
            if request.method != .head { try await write(writer) }
            if writer.isUnbegun { try await writer.send([]) }
        }
    }

    private func writer(_ head: [UInt8]) -> ExchangeWriter {
        ExchangeWriter(exchange: exchange, watch: watch, sent: sent, spool: spool, head: head)
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
