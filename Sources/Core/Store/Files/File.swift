import Glibc

/// An open file, closed with its last use.
struct File: ~Copyable {
    let descriptor: Int32
    let path: String

    /// Opens `path` with `O_CLOEXEC` and `O_NOFOLLOW`; new files get mode 0600.
    ///
    /// Without `O_CLOEXEC` a child process would keep a lock alive after its owner's death.
    init(_ path: String, _ flags: Int32) throws(StoreError) {
        let descriptor = retrying { Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o600) }
        guard descriptor >= 0 else { throw .last("open", path) }
        self.descriptor = descriptor
        self.path = path
    }

    /// Opens `path` for reading; nil if there is no such file.
    static func reading(_ path: String) throws(StoreError) -> File? { try opening(path, O_RDONLY) }

    /// Opens `path`; nil if there is no such file.
    static func opening(_ path: String, _ flags: Int32) throws(StoreError) -> File? {
        do throws(StoreError) { return try File(path, flags) } catch {
            if error.code == ENOENT || error.code == ENOTDIR { return nil }
            throw error
        }
    }

    deinit { close(descriptor) }

    var size: Int {
        get throws(StoreError) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw .last("fstat", path) }
            return Int(status.st_size)
        }
    }

    /// The whole content from its start.
    func readAll() throws(StoreError) -> [UInt8] { try read(at: 0, count: try size) }

    /// Up to `count` bytes at `offset`; fewer at the end of the file.
    func read(at offset: Int, count: Int) throws(StoreError) -> [UInt8] {
        guard count > 0 else { return [] }
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count, let base = buffer.baseAddress {
                let start = filled
                let got = retrying { pread(descriptor, base + start, count - start, off_t(offset + start)) }
                if got < 0 { failure = errno }
                guard got > 0 else { return }
                filled += got
            }
        }
        guard failure == 0 else { throw StoreError(.unavailable, "read", path: path, code: failure) }
        return bytes
    }

    /// Writes all of `bytes` where the file's offset (or `O_APPEND`) says.
    func write(_ bytes: [UInt8]) throws(StoreError) {
        var written = 0
        while written < bytes.count {
            let start = written
            let count = bytes.withUnsafeBytes { buffer in
                retrying { Glibc.write(descriptor, buffer.baseAddress.map { $0 + start }, buffer.count - start) }
            }
            guard count > 0 else { throw .last("write", path) }
            written += count
        }
    }

    /// Writes all of `bytes` at `offset`, over what stands there.
    func write(_ bytes: [UInt8], at offset: Int) throws(StoreError) {
        var written = 0
        while written < bytes.count {
            let start = written
            let count = bytes.withUnsafeBytes { buffer in
                retrying {
                    pwrite(
                        descriptor, buffer.baseAddress.map { $0 + start }, buffer.count - start, off_t(offset + start))
                }
            }
            guard count > 0 else { throw .last("write", path) }
            written += count
        }
    }

    func truncate(to size: Int) throws(StoreError) {
        guard retrying({ ftruncate(descriptor, off_t(size)) }) == 0 else { throw .last("ftruncate", path) }
    }

    /// Makes data and metadata durable.
    ///
    /// - Throws: ``StoreError/Kind/outcomeUnknown``.
    func sync() throws(StoreError) {
        guard RequestExecutor.blocking({ fsync(descriptor) }) == 0 else {
            throw StoreError(.outcomeUnknown, "fsync", path: path, code: errno)
        }
    }

    /// Makes data and size durable.
    ///
    /// - Throws: ``StoreError/Kind/outcomeUnknown``.
    func syncData() throws(StoreError) {
        guard RequestExecutor.blocking({ fdatasync(descriptor) }) == 0 else {
            throw StoreError(.outcomeUnknown, "fdatasync", path: path, code: errno)
        }
    }
}

/// Repeats a system call while a signal interrupts it.
func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}

/// Runs `body`, which may wait for the disk or take long, while another thread goes on with what this one does.
///
/// On the loop that costs a change of threads, so it is not for what is over soon as a rule.
func aside<Value>(_ body: () throws(StoreError) -> Value) throws(StoreError) -> Value {
    try RequestExecutor.blocking { Result { () throws(StoreError) in try body() } }.get()
}
