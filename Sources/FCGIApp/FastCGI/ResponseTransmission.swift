import Core
import HTTPTypes
import Logging
import Synchronization

/// Brings one response to the caller, with everything but the end of its connection.
struct ResponseTransmission {
    let exchange: FCGIExchange
    let request: Request
    let spool: Spool
    let logger: Logger

    /// Sends `response`; afterwards the exchange is over in any case, and the response without its body.
    ///
    /// - Returns: The status that went out, whether all of it went out, and if not whether that is because the caller
    ///   left.
    func send(_ response: inout Response) async -> (status: Int, isWhole: Bool, hasClientLeft: Bool) {
        defer { exchange.close() }
        do {
            try await transmit(&response)
            return (response.status.code, true, false)
        } catch {
            // The head may be out, so the only honest end is a connection that breaks off: nginx passes that on.
            if !(error is ConnectionLost), !(error is CancellationError) {
                logger.error("A streamed response broke off", metadata: ["error": "\(type(of: error))"])
            }
            return (response.status.code, false, exchange.hasPeerLeft || error is ConnectionLost)
        }
    }

    private func transmit(_ response: inout Response) async throws {
        switch response.body {
        case .bytes(var body):
            // The only one that holds it, so that it is gone once it is sent or laid aside.
            response.body = .bytes([])
            let writer = writer(of: response, contentLength: body.count)
            let hasBody = request.method != .head && response.status.code != 204 && response.status.code != 304
            if !hasBody { body = [] }
            try await writer.send(body, ends: true)
        case .stream(let write):
            response.body = .bytes([])
            let writer = writer(of: response, contentLength: nil)
            if request.method != .head { try await write(writer) }
            try await writer.send([], ends: true)
        }
    }

    private func writer(of response: Response, contentLength: Int?) -> ExchangeWriter {
        let head = ResponseHead(response, contentLength: contentLength)
        for name in head.refusedFields {
            logger.error("A header field with a control character was not sent", metadata: ["field": "\(name)"])
        }
        return ExchangeWriter(exchange: exchange, spool: spool, head: head.bytes)
    }
}

/// Sends a response piece by piece, as fast as the reader takes it; its head goes out with the first piece.
final class ExchangeWriter: BodyWriter {
    private let exchange: FCGIExchange
    private let spool: Spool
    /// Nil once it is on its way.
    private let head: Mutex<[UInt8]?>

    init(exchange: FCGIExchange, spool: Spool, head: [UInt8]) {
        self.exchange = exchange
        self.spool = spool
        self.head = Mutex(head)
    }

    /// Whether nothing was sent yet.
    var isUnbegun: Bool { head.withLock { $0 != nil } }

    func write(_ bytes: consuming [UInt8]) async throws {
        try Task.checkCancellation()
        do { try await send(bytes) } catch is ConnectionLost {
            // A failed send may come before the loop's event, and must have the same consequences.
            exchange.peerLeft()
            throw CancellationError()
        }
    }

    func writeAtOnce(_ bytes: [UInt8]) -> Bool { !isUnbegun && exchange.sendAtOnce(bytes) }

    /// Sends `bytes`, after the head where that has not gone out, and the end of the request if it `ends`.
    ///
    /// What is large is laid aside when there is no room, so that a slow reader holds no memory.
    func send(_ bytes: consuming [UInt8], ends: Bool = false) async throws {
        var bytes = bytes
        if let head = head.withLock({ $0.take() }) {
            exchange.expectHead(head.count)
            if bytes.count <= FCGIExchange.pieceSize - head.count {
                return try await exchange.send((head + bytes)[...], ends: ends)
            }
            try await exchange.send(head[...])
        }
        var start = 0
        while bytes.count - start > Spool.threshold {
            guard try exchange.hasRoom() else {
                let spooled = try await spool.lay(aside: bytes[start...])
                bytes = []
                return try await send(spooled, ends: ends)
            }
            try await exchange.send(bytes[start..<(start + FCGIExchange.pieceSize)])
            start += FCGIExchange.pieceSize
        }
        try await exchange.send(bytes[start...], ends: ends)
    }

    private func send(_ spooled: SpooledBytes, ends: Bool) async throws {
        var position = 0
        while position < spooled.count {
            let piece = try spooled.read(at: position, count: FCGIExchange.pieceSize * 2)
            position += piece.count
            try await exchange.send(piece[...], ends: ends && position == spooled.count)
        }
    }
}
