import CFCGI
import Core
import Glibc
import Synchronization

/// Where large answers wait for slow readers: in files without names, so that they take no memory.
///
/// Where the disk has no room, or there is enough in files already, they wait in memory within a budget.
final class Spool: Sendable {
    /// Answers, or pieces of streamed ones, are laid aside when so many bytes of them could not be sent.
    static let threshold = 256 << 10
    /// How many bytes may be in files.
    static let mostOnDisk = 2 << 30
    static let mostInMemory = 32 << 20
    private static let timeout = Duration.seconds(15)

    /// There is no room for an answer.
    struct Full: Error {}

    private let directory: String?
    private let onDisk = Atomic(0)
    private let memory = MemoryBudget(bytes: Spool.mostInMemory)

    /// - Parameter directory: Nil to lay nothing aside.
    init(directory: String?) { self.directory = directory }

    func lay(aside bytes: ArraySlice<UInt8>) async throws(Full) -> SpooledBytes {
        if let file = RequestExecutor.blocking({ file(of: bytes) }) { return file }
        guard let share = await memory.take(bytes.count, for: "", atMost: Self.timeout) else { throw Full() }
        return SpooledBytes(Array(bytes), share)
    }

    fileprivate func giveBack(_ bytes: Int) { onDisk.subtract(bytes, ordering: .relaxed) }

    private func file(of bytes: ArraySlice<UInt8>) -> SpooledBytes? {
        guard let directory else { return nil }
        let count = bytes.count
        let file = SpooledBytes(directory: directory, count: count, of: self)
        let isWithin = onDisk.add(count, ordering: .relaxed).newValue <= Self.mostOnDisk
        return isWithin && file.fill(with: bytes) ? file : nil
    }
}

/// Bytes that a slow reader has not taken yet; gone with their last use.
final class SpooledBytes: Sendable {
    private struct Unreadable: Error {}

    let count: Int
    private let descriptor: Int32
    private let bytes: [UInt8]
    private let spool: Spool?
    private let share: MemoryBudget.Share?

    fileprivate init(_ bytes: [UInt8], _ share: MemoryBudget.Share) {
        count = bytes.count
        descriptor = -1
        self.bytes = bytes
        spool = nil
        self.share = share
    }

    /// An empty file.
    fileprivate init(directory: String, count: Int, of spool: Spool) {
        self.count = count
        descriptor = cfcgi_unnamed_file(directory)
        bytes = []
        self.spool = spool
        share = nil
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        spool?.giveBack(count)
    }

    /// False if not all of `bytes` could be written.
    fileprivate func fill(with bytes: ArraySlice<UInt8>) -> Bool {
        guard descriptor >= 0 else { return false }
        var rest = bytes
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard written > 0 || written < 0 && errno == EINTR else { return false }
            rest = rest.dropFirst(max(0, written))
        }
        return true
    }

    /// At most `count` bytes from `offset` on, at least one.
    func read(at offset: Int, count: Int) throws -> [UInt8] {
        guard descriptor >= 0 else { return Array(bytes[offset..<min(offset + count, bytes.count)]) }
        let piece = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = RequestExecutor.blocking { max(0, pread(descriptor, buffer.baseAddress, count, off_t(offset))) }
        }
        guard !piece.isEmpty else { throw Unreadable() }
        return piece
    }
}
