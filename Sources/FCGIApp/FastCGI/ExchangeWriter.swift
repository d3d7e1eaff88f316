import Core
import Synchronization

/// Sends a response piece by piece, as fast as the reader takes it; its head goes out with the first piece.
final class ExchangeWriter: BodyWriter {
    private let exchange: FCGIExchange
    private let watch: ConnectionWatch
    private let sent: SentBytes
    private let spool: Spool
    /// Nil once it is on its way.
    private let head: Mutex<[UInt8]?>

    init(exchange: FCGIExchange, watch: ConnectionWatch, sent: SentBytes, spool: Spool, head: [UInt8]) {
        self.exchange = exchange
        self.watch = watch
        self.sent = sent
        self.spool = spool
        self.head = Mutex(head)
    }

    /// Whether nothing was sent yet.
    var isUnbegun: Bool { head.withLock { $0 != nil } }

    func write(_ bytes: consuming [UInt8]) async throws {
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
    /// Each piece waits for room of its own, so that a slow reader never holds a thread, and what is large is laid
    /// aside when there is no room, so that it holds no memory either.
    func send(_ bytes: consuming [UInt8]) async throws {
        var bytes = bytes
        if let head = head.withLock({ $0.take() }) {
            guard bytes.count <= FCGIExchange.pieceSize else {
                try await pass(head[...], counting: false)
                return try await sendBody(bytes)
            }
            let headSize = head.count
            bytes = head + bytes
            let first = min(FCGIExchange.pieceSize, bytes.count)
            try await pass(bytes[..<first], counting: false)
            sent.add(max(0, first - headSize))
            return try await pass(bytes[first...])
        }
        try await sendBody(bytes)
    }

    private func sendBody(_ bytes: consuming [UInt8]) async throws {
        var start = 0
        while start < bytes.count {
            if bytes.count - start > Spool.threshold, try !watch.hasRoom() {
                let spooled = try await spool.lay(aside: bytes[start...])
                bytes = []
                return try await send(spooled)
            }
            let end = min(start + FCGIExchange.pieceSize, bytes.count)
            try await pass(bytes[start..<end])
            start = end
        }
    }

    private func send(_ spooled: SpooledBytes) async throws {
        var position = 0
        while position < spooled.count {
            let piece = try spooled.read(at: position, count: FCGIExchange.pieceSize * 8)
            try await pass(piece[...])
            position += piece.count
        }
    }

    /// Sends a slice in pieces.
    private func pass(_ bytes: ArraySlice<UInt8>, counting: Bool = true) async throws {
        var rest = bytes
        while !rest.isEmpty {
            let piece = rest.prefix(FCGIExchange.pieceSize)
            try await watch.waitForRoom()
            try exchange.send(piece, flushing: true)
            if counting { sent.add(piece.count) }
            rest = rest.dropFirst(piece.count)
        }
    }
}
