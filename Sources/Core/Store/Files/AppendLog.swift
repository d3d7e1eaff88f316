import Glibc

/// An append-only file of ``ChecksummedLine``s.
///
/// Its writers must hold the lock that guards it.
enum AppendLog {
    /// Makes a file of `objects`; there must be none at `path`.
    ///
    /// After an error before the sync there is none.
    ///
    /// - Parameter syncsName: Whether the directory must be synced, too, for the file to be found after a power cut.
    static func create(_ objects: [JSON], at path: String, durable: Bool, syncsName: Bool) throws(StoreError) {
        let file = try File(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL)
        do throws(StoreError) { try file.write(objects.flatMap(ChecksummedLine.encode)) } catch {
            unlink(path)
            throw error
        }
        guard durable else { return }
        try file.syncData()
        if syncsName { try Directory.sync(Directory.parent(of: path)) }
    }

    /// Appends `objects` with one write.
    ///
    /// A torn line at the end, left by a crash, is first kept beside the file and cut off. After an error
    /// before the write nothing has changed; a short write is cut off again.
    static func append(_ objects: [JSON], to path: String, durable: Bool) throws(StoreError) {
        try append(objects, to: try File(path, O_RDWR | O_APPEND), durable: durable)
    }

    /// The same, to a file that is open for reading and appending.
    ///
    /// - Returns: The size of the file now.
    @discardableResult
    static func append(_ objects: [JSON], to file: borrowing File, durable: Bool) throws(StoreError) -> Int {
        try append(objects.flatMap(ChecksummedLine.encode), to: file, durable: durable)
    }

    /// The same with lines that are encoded.
    ///
    /// - Parameter size: That of the file where it is known to be whole.
    static func append(
        _ lines: [UInt8], to file: borrowing File, after size: Int = -1, durable: Bool = false
    ) throws(StoreError) -> Int {
        let present = try file.size
        let size = present == size ? size : try cutTornTail(of: file)
        do throws(StoreError) { try file.write(lines) } catch {
            try file.truncate(to: size)
            throw error
        }
        if durable { try file.syncData() }
        return size + lines.count
    }

    /// All whole lines from the start, and how many lines were passed over.
    ///
    /// - Returns: Nil if there is no such file.
    static func read(_ path: String) throws(StoreError) -> (objects: [JSON], skipped: Int)? {
        guard let file = try File.reading(path) else { return nil }
        let bytes = try file.readAll()
        var objects: [JSON] = []
        var skipped = 0
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            if let object = ChecksummedLine.decode(rest[rest.startIndex..<end]) {
                objects.append(object)
            } else {
                skipped += 1
            }
            rest = rest[(end + 1)...]
        }
        return (objects, skipped)
    }

    /// Gives the lines from the last to the first to `body` until it returns false; reads only what it needs.
    static func readBackwards(_ path: String, _ body: (JSON) throws(StoreError) -> Bool) throws(StoreError) {
        guard let file = try File.reading(path) else { return }
        try scanBackwards(file) { line, _ throws(StoreError) in
            guard let object = ChecksummedLine.decode(line) else { return true }
            return try body(object)
        }
    }

    /// The same with bytes: lines without their LF, whole or not, and where each stands in the file.
    static func scanBackwards(
        _ file: borrowing File, _ body: (ArraySlice<UInt8>, _ offset: Int) throws(StoreError) -> Bool
    ) throws(StoreError) {
        var end = try file.size
        var tail: [UInt8] = []
        while end > 0 {
            let start = max(0, end - 65_536)
            tail = try file.read(at: start, count: end - start) + tail
            end = start
            // What stands before the first LF may have its beginning in the block before.
            while let feed = tail.dropLast().lastIndex(of: 0x0A) {
                if tail.last == 0x0A {
                    guard try body(tail[(feed + 1)..<(tail.count - 1)], end + feed + 1) else { return }
                }
                tail.removeSubrange((feed + 1)...)
            }
        }
        if tail.last == 0x0A { _ = try body(tail[..<(tail.count - 1)], 0) }
    }

    /// - Returns: The size after the cut.
    private static func cutTornTail(of file: borrowing File) throws(StoreError) -> Int {
        let size = try file.size
        guard size > 0, try file.read(at: size - 1, count: 1).first != 0x0A else { return size }
        var start = size
        var tail: [UInt8] = []
        var keep = 0
        while start > 0 {
            let before = max(0, start - 65_536)
            tail = try file.read(at: before, count: start - before) + tail
            start = before
            if let feed = tail.lastIndex(of: 0x0A) {
                keep = start + feed + 1
                break
            }
        }
        try AtomicFile.write(Array(tail.suffix(size - keep)), to: "\(file.path).torn", durable: false)
        try file.truncate(to: keep)
        return keep
    }
}
