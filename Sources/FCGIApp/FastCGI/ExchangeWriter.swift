import Core
import Synchronization

/// Sends a response piece by piece, as fast as the reader takes it; its head goes out with the first piece.
final class ExchangeWriter: BodyWriter {
    private let exchange: FCGIExchange
    private let watch: ConnectionWatch
    private let sent: SentBytes
    /// Nil once it is on its way.
    private let head: Mutex<[UInt8]?>

    init(exchange: FCGIExchange, watch: ConnectionWatch, sent: SentBytes, head: [UInt8]) {
        self.exchange = exchange
        self.watch = watch
        self.sent = sent
        self.head = Mutex(head)
    }

    /// Whether nothing was sent yet.
    var isUnbegun: Bool { head.withLock { $0 != nil } }

    func write(_ bytes: [UInt8]) async throws {
        try Task.checkCancellation()
        do {
            try await send(bytes)
        } catch is ConnectionLost {
            // A failed send may come before the monitor's event, and must have the same consequences.
            watch.handle(isHungUp: true)
            throw CancellationError()
        }
    }

    /// Sends `bytes`, after the head where that has not gone out.
    ///
    /// Each piece waits for room of its own, so that a slow reader never holds a thread.
    func send(_ body: [UInt8]) async throws {
        let head = head.withLock { $0.take() } ?? []
        let bytes = head.isEmpty ? body : head + body
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let end = min(start + FCGIExchange.pieceSize, bytes.endIndex)
            try await watch.waitForRoom()
            try exchange.send(bytes[start..<end], flushing: true)
            sent.add(end - max(start, min(head.count, end)))
            start = end
        }
    }
}
