import Glibc

/// A right that lasts as long as this object: a slot on an account, the running turn of a conversation.
///
/// It is a lock on one byte of a file that belongs to the open file description (`F_OFD_SETLK`, fcntl(2)), so the
/// kernel gives it back when the process dies. The holders of one process share the open file, for which the kernel
/// lets each have what the other has, so they exclude each other by ``KeptFile/leased``.
package final class Lease: Sendable {
    private let kept: KeptFile
    private let offset: Int64

    private init(_ kept: KeptFile, offset: Int64) {
        self.kept = kept
        self.offset = offset
    }

    deinit {
        // The kernel first: in between another thread finds the byte taken, which is true or soon was.
        if Self.lock(kept, F_UNLCK, offset) { kept.leased.remove(offset) }
    }

    /// How many bytes of `path` are taken in `range`, by whomever.
    static func count(_ path: String, in range: Range<Int64>) throws(StoreError) -> Int {
        guard let file = try File.reading(path) else { return 0 }
        var open = [range]
        var count = 0
        while let part = open.popLast() {
            guard !part.isEmpty else { continue }
            var lock = Glibc.flock()
            // A read lock can be asked about through a descriptor that may only read.
            lock.l_type = Int16(F_RDLCK)
            lock.l_whence = Int16(SEEK_SET)
            lock.l_start = off_t(part.lowerBound)
            lock.l_len = off_t(part.upperBound - part.lowerBound)
            // 36 is F_OFD_GETLK: one lock that stands in the way, not always the first.
            guard retrying({ fcntl(file.descriptor, 36, &lock) }) == 0 else { throw .last("fcntl", path) }
            guard lock.l_type != Int16(F_UNLCK) else { continue }
            // Neighbours of one owner are one lock to the kernel.
            let start = max(part.lowerBound, Int64(lock.l_start))
            let end = min(part.upperBound, Int64(lock.l_start) + max(1, Int64(lock.l_len)))
            count += Int(end - start)
            open.append(part.lowerBound..<start)
            open.append(end..<part.upperBound)
        }
        return count
    }

    /// Takes the byte at `offset` of `path` if nobody has it; returns at once.
    static func take(_ path: String, offset: Int64) throws(StoreError) -> Lease? {
        let kept = try KeptFiles.shared.file(path, O_RDWR | O_CREAT)
        guard kept.leased.insert(offset) else { return nil }
        if lock(kept, F_WRLCK, offset) { return Lease(kept, offset: offset) }
        let code = errno
        kept.leased.remove(offset)
        if code == EAGAIN || code == EACCES { return nil }
        throw StoreError(.unavailable, "fcntl", path: path, code: code)
    }

    private static func lock(_ kept: KeptFile, _ type: Int32, _ offset: Int64) -> Bool {
        var lock = Glibc.flock()
        lock.l_type = Int16(type)
        lock.l_whence = Int16(SEEK_SET)
        lock.l_start = off_t(offset)
        lock.l_len = 1
        // 37 is F_OFD_SETLK of fcntl.h on Linux; the Glibc overlay does not show it.
        return retrying { fcntl(kept.file.descriptor, 37, &lock) } == 0
    }
}
