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
    /// - Returns: The status that went out, and whether the caller left before the end.
    func send(_ response: Response) async -> (status: Int, hasClientLeft: Bool) {
        var response = response
        do {
            do { try await transmit(response) } catch let instead as ResponseInstead {
                response = instead.response
                try await transmit(response)
            }
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

    private func transmit(_ response: Response) async throws {
        switch response.body {
        case .bytes(let body):
            let head = head(of: response, contentLength: body.count)
            let hasBody = request.method != .head && response.status.code != 204 && response.status.code != 304
            if head.count + (hasBody ? body.count : 0) <= FCGIExchange.pieceSize {
                // Goes out together with the end record, in one system call.
                let output = hasBody ? head + body : head
                try exchange.send(output[...], flushing: false)
                sent.add(output.count - head.count)
            } else {
                try await writer(head).send(hasBody ? body : [])
            }
        case .stream(let write):
            let writer = writer(head(of: response, contentLength: nil))
            if request.method != .head {
                do { try await write(writer) } catch let instead as ResponseInstead {
                    guard writer.isUnbegun else { throw BrokenResponse() }
                    throw instead
                }
            }
            if writer.isUnbegun { try await writer.send([]) }
        }
    }

    /// A body asked for another response when a part of it was out.
    private struct BrokenResponse: Error {}

    private func writer(_ head: [UInt8]) -> ExchangeWriter {
        ExchangeWriter(exchange: exchange, watch: watch, sent: sent, head: head)
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
