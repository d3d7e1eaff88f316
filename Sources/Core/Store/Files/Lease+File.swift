import Glibc

/// Locks on bytes that belong to an open file (`F_OFD_SETLK`, fcntl(2)): the kernel gives them back when the last
/// process that has it open dies.
///
/// Whoever shares the open file has what the others have, so holders in one process exclude each other by
/// ``LeasedBytes``. The numbers are those of fcntl.h on Linux, which the Glibc overlay does not show.
enum ByteLock {
    /// Takes the byte if nobody has it; sets `errno` if it cannot.
    static func take(_ descriptor: Int32, _ offset: Int64) -> Bool { set(descriptor, F_WRLCK, offset) }

    @discardableResult
    static func free(_ descriptor: Int32, _ offset: Int64) -> Bool { set(descriptor, F_UNLCK, offset) }

    /// Whether a byte of `range` is taken through another open file; true where that cannot be told.
    static func isTakenElsewhere(_ descriptor: Int32, _ range: Range<Int64>) -> Bool {
        var lock = make(F_WRLCK, range)
        // F_OFD_GETLK
        guard retrying({ fcntl(descriptor, 36, &lock) }) == 0 else { return true }
        return lock.l_type != Int16(F_UNLCK)
    }

    private static func set(_ descriptor: Int32, _ type: Int32, _ offset: Int64) -> Bool {
        var lock = make(type, offset..<(offset + 1))
        // F_OFD_SETLK
        return retrying { fcntl(descriptor, 37, &lock) } == 0
    }

    private static func make(_ type: Int32, _ range: Range<Int64>) -> Glibc.flock {
        var lock = Glibc.flock()
        lock.l_type = Int16(type)
        lock.l_whence = Int16(SEEK_SET)
        lock.l_start = off_t(range.lowerBound)
        lock.l_len = off_t(range.count)
        return lock
    }
}

extension Lease {
    /// Takes the byte at `offset` of `path` if nobody has it; returns at once.
    static func take(
        _ path: String, offset: Int64, whenFree: @escaping @Sendable () -> Void = {}
    ) throws(StoreError) -> Lease? {
        let kept = try OpenFileCache.shared.file(path, O_RDWR | O_CREAT)
        guard kept.leased.insert(offset) else { return nil }
        guard ByteLock.take(kept.file.descriptor, offset) else {
            let code = errno
            kept.leased.remove(offset)
            if code == EAGAIN || code == EACCES { return nil }
            throw StoreError(.unavailable, "fcntl", path: path, code: code)
        }
        return Lease {
            // The kernel first: in between another thread finds the byte taken, which is true or soon was.
            if ByteLock.free(kept.file.descriptor, offset) { kept.leased.remove(offset) }
            whenFree()
        }
    }
}
