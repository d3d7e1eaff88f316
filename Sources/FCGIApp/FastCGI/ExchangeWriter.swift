import Core

/// Sends a response piece by piece, as fast as the reader takes it.
final class ExchangeWriter: BodyWriter {
    private let exchange: FCGIExchange
    private let watch: ConnectionWatch
    private let sent: SentBytes

    init(exchange: FCGIExchange, watch: ConnectionWatch, sent: SentBytes) {
        self.exchange = exchange
        self.watch = watch
        self.sent = sent
    }

    func write(_ bytes: [UInt8]) async throws {
        try Task.checkCancellation()
        do {
            try await send(bytes, bodyStart: 0)
        } catch is ConnectionLost {
            // A failed send may come before the monitor's event, and must have the same consequences.
            watch.handle(isHungUp: true)
            throw CancellationError()
        }
    }

    /// Sends `bytes`, of which those from `bodyStart` on count as body.
    ///
    /// Each piece waits for room of its own, so that a slow reader never holds a thread.
    func send(_ bytes: [UInt8], bodyStart: Int) async throws {
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let end = min(start + FCGIExchange.pieceSize, bytes.endIndex)
            try await watch.waitForRoom()
            try exchange.send(bytes[start..<end], flushing: true)
            sent.add(end - max(start, min(bodyStart, end)))
            start = end
        }
    }
}
