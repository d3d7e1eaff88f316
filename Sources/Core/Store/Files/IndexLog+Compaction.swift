extension IndexLog {
    /// Rewrites the file with its present lines only; the lock of the list must be held.
    ///
    /// The lines are copied as they are: a list may have hundreds of thousands, and callers wait for its lock.
    func compact(boot: String) throws(StoreError) {
        guard let file = try File.reading(path) else { return }
        var seen: Set<Fingerprint> = []
        var present: [Range<Int>] = []
        try AppendLog.scanBackwards(file) { line, offset throws(StoreError) in
            guard let (id, isGone) = Self.subject(of: line), seen.insert(Fingerprint(id)).inserted, !isGone else {
                return true
            }
            let range = offset..<(offset + line.count + 1)
            // What follows each other is copied together.
            if let next = present.last, next.lowerBound == range.upperBound {
                present[present.count - 1] = range.lowerBound..<next.upperBound
            } else {
                present.append(range)
            }
            return true
        }
        let head = Self.head(boot, present.reduce(0) { $0 + $1.count })
        try AtomicFile.write(to: path, durable: isDurable) { copy throws(StoreError) in
            try copy.write(head)
            for range in present.reversed() {
                for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.copied) {
                    let count = min(Self.copied, range.upperBound - start)
                    try copy.write(try file.read(at: start, count: count))
                }
            }
        }
    }

    /// How many bytes are copied at a time, so that a large list costs no more memory than a small one.
    private static let copied = 256 << 10

    /// Stands for an id; with 128 bits and a seed of this process no two are alike.
    private struct Fingerprint: Hashable {
        let one, other: Int

        init(_ id: ArraySlice<UInt8>) {
            (one, other) = (Self.hash(id, 1), Self.hash(id, 2))
        }

        private static func hash(_ id: ArraySlice<UInt8>, _ salt: UInt8) -> Int {
            var hasher = Hasher()
            hasher.combine(salt)
            id.withUnsafeBytes { hasher.combine(bytes: $0) }
            return hasher.finalize()
        }
    }

    private static let idStart = Array("\"id\":\"".utf8)
    private static let entryStart = Array(",\"entry\":".utf8)

    /// The id that a line is about, and whether the line says that it is no more; nil for any other line.
    private static func subject(of line: ArraySlice<UInt8>) -> (id: ArraySlice<UInt8>, isGone: Bool)? {
        guard let content = ChecksummedLine.content(of: line) else { return nil }
        if content.starts(with: idStart) {
            let rest = content.dropFirst(idStart.count)
            let end = rest.firstIndex { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }
            if let end, rest[end] == UInt8(ascii: "\""), rest[(end + 1)...].starts(with: entryStart) {
                return (rest[..<end], false)
            }
        }
        guard let object = ChecksummedLine.decode(line), let id = object["id"]?.string else { return nil }
        return (Array(id.utf8)[...], object["entry"] == nil)
    }
}
