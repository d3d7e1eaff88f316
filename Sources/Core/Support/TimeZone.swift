import Glibc

/// A time zone of the system's database (tzfile(5), RFC 9636).
package struct TimeZone: Sendable, Equatable {
    package let name: String
    /// Seconds since 1970 from which on the offset at the same place holds.
    private let starts: [Int64]
    /// Seconds east of Greenwich.
    private let offsets: [Int]
    /// Before the first of them.
    private let first: Int
    /// After the last of them.
    private let rule: TimeZoneRule?

    package static let utc = TimeZone(name: "UTC", starts: [], offsets: [], first: 0, rule: nil)

    private static let folder = "/usr/share/zoneinfo"

    private init(name: String, starts: [Int64], offsets: [Int], first: Int, rule: TimeZoneRule?) {
        self.name = name
        self.starts = starts
        self.offsets = offsets
        self.first = first
        self.rule = rule
    }

    /// Reads the zone of that name, as `Europe/Berlin`; nil where the system has none.
    package init?(named name: String) {
        if name == "UTC" {
            self = .utc
            return
        }
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let isName = parts.allSatisfy { part in
            !part.isEmpty && part.first != UInt8(ascii: ".")
                && part.allSatisfy { URLParts.isLetterOrDigit($0) || "_+-.".utf8.contains($0) }
        }
        guard isName, (1...64).contains(name.utf8.count), let bytes = Self.read("\(Self.folder)/\(name)") else {
            return nil
        }
        self.init(name: name, file: bytes)
    }

    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 18) { buffer, count in
            count = max(0, Glibc.read(descriptor, buffer.baseAddress, buffer.count))
        }
        return bytes
    }

    /// The second part of the file, with numbers of eight bytes, and the rule behind it.
    init?(name: String, file bytes: [UInt8]) {
        var reader = Reader(bytes: bytes[...])
        guard let small = reader.header(), small.version >= UInt8(ascii: "2"), reader.skip(small.size(ofTime: 4)),
            let counts = reader.header()
        else { return nil }
        var starts: [Int64] = []
        for _ in 0..<counts.times {
            guard let start = reader.number(8) else { return nil }
            starts.append(start)
        }
        guard let kinds = reader.take(counts.times) else { return nil }
        var offsets: [Int] = []
        for _ in 0..<counts.kinds {
            guard let offset = reader.number(4), (-100_000...100_000).contains(offset), reader.skip(2) else {
                return nil
            }
            offsets.append(Int(offset))
        }
        guard let first = offsets.first, kinds.allSatisfy({ Int($0) < offsets.count }),
            reader.skip(counts.letters + counts.leaps * 12 + counts.standard + counts.universal)
        else { return nil }
        let line = reader.bytes.dropFirst().prefix { $0 != 0x0A }
        self.init(
            name: name, starts: starts, offsets: kinds.map { offsets[Int($0)] }, first: first,
            rule: TimeZoneRule(String(decoding: line, as: UTF8.self)))
    }

    /// The day of a moment here.
    package func day(of time: Timestamp) -> Day {
        let seconds = time.microsecondsSinceEpoch / 1_000_000
        return Day(utc: Timestamp(microsecondsSinceEpoch: (seconds + Int64(offset(at: seconds))) * 1_000_000))
    }

    /// Seconds east of Greenwich at that second since 1970.
    func offset(at second: Int64) -> Int {
        guard let last = starts.last, let lastOffset = offsets.last else { return rule?.offset(at: second) ?? first }
        if second >= last { return rule?.offset(at: second) ?? lastOffset }
        // The first that begins later.
        var (low, high) = (0, starts.count)
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= second { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? first : offsets[low - 1]
    }

    private struct Reader {
        var bytes: ArraySlice<UInt8>

        struct Counts {
            var version: UInt8
            var universal, standard, leaps, times, kinds, letters: Int

            func size(ofTime width: Int) -> Int {
                times * (width + 1) + kinds * 6 + letters + leaps * (width + 4) + standard + universal
            }
        }

        mutating func take(_ count: Int) -> [UInt8]? {
            guard count >= 0, bytes.count >= count else { return nil }
            defer { bytes = bytes.dropFirst(count) }
            return Array(bytes.prefix(count))
        }

        mutating func skip(_ count: Int) -> Bool { take(count) != nil }

        /// A signed number with the high byte first.
        mutating func number(_ width: Int) -> Int64? {
            guard let digits = take(width) else { return nil }
            let bits = digits.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return width == 4 ? Int64(Int32(truncatingIfNeeded: bits)) : Int64(bitPattern: bits)
        }

        mutating func header() -> Counts? {
            guard take(4) == Array("TZif".utf8), let version = take(1)?.first, skip(15) else { return nil }
            var counts: [Int] = []
            for _ in 0..<6 {
                guard let count = number(4), (0...100_000).contains(count) else { return nil }
                counts.append(Int(count))
            }
            return Counts(
                version: version, universal: counts[0], standard: counts[1], leaps: counts[2], times: counts[3],
                kinds: counts[4], letters: counts[5])
        }
    }
}
