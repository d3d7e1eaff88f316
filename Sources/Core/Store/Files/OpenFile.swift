import Glibc
import Synchronization

/// An open file that remembers which one it is.
///
/// While it is open the file system cannot give its inode number to another file, so a path that has the same number
/// names the same file. Times say nothing: two changes can fall into one tick of the clock.
final class OpenFile: Sendable {
    let file: File
    /// The bytes of it that somebody in this process holds a lease on.
    let leased = LeasedBytes()
    /// Up to where an append-only file is known to be whole, by who appended last.
    let wholeUpTo = Atomic(-1)
    private let device: UInt
    private let inode: UInt

    init(_ path: String, _ flags: Int32) throws(StoreError) {
        file = try File(path, flags)
        var status = stat()
        guard fstat(file.descriptor, &status) == 0 else { throw .last("fstat", path) }
        device = status.st_dev
        inode = status.st_ino
    }

    /// Whether its path still names it.
    var isInPlace: Bool {
        var status = stat()
        return lstat(file.path, &status) == 0 && status.st_ino == inode && status.st_dev == device
    }
}

/// Which bytes of one open file are leased by this process.
final class LeasedBytes: Sendable {
    private let offsets = Mutex<Set<Int64>>([])

    /// False if it was in there.
    func insert(_ offset: Int64) -> Bool { offsets.withLock { $0.insert(offset).inserted } }

    func remove(_ offset: Int64) { offsets.withLock { _ = $0.remove(offset) } }
}
