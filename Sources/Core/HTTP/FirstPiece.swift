import Synchronization

/// Passes pieces on and remembers whether there was one.
final class FirstPiece: BodyWriter {
    private let writer: any BodyWriter
    private let state = Mutex(false)

    init(_ writer: any BodyWriter) { self.writer = writer }

    var hasCome: Bool { state.withLock { $0 } }

    func write(_ bytes: consuming [UInt8]) async throws {
        state.withLock { $0 = true }
        try await writer.write(bytes)
    }
}
