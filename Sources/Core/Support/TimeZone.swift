import Glibc

/// A time zone of the IANA database, read from the system's files.
///
/// The process has a zone of its own, which old clients see in times; the days of bills and limits are the operator's.
package struct TimeZone: Sendable, Equatable {
    package let name: String
    /// From which second since 1970 on which offset in seconds counts, in order.
    private let changes: [(from: Int64, offset: Int64)]
    private let first: Int64

    package static let utc = TimeZone(name: "UTC", changes: [], first: 0)

    private init(name: String, changes: [(from: Int64, offset: Int64)], first: Int64) {
        self.name = name
        self.changes = changes
        self.first = first
    }

    /// Nil where the system does not know the zone.
    package init?(_ name: String) {
        if name == "UTC" {
            self = .utc
            return
        }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isName = parts.allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { URLParts.isLetterOrDigit($0) || "_+-".utf8.contains($0) }
        }
        guard isName, name.utf8.count <= 64, let bytes = Self.read("/usr/share/zoneinfo/\(name)") else { return nil }
        self.init(name: name, file: bytes)
    }

    package static func == (left: TimeZone, right: TimeZone) -> Bool { left.name == right.name }

    /// The day of a moment here.
    package func day(of time: Timestamp) -> Day {
        let seconds = time.microsecondsSinceEpoch / 1_000_000
        return Day(utc: Timestamp(microsecondsSinceEpoch: (seconds + offset(at: seconds)) * 1_000_000))
    }

    private func offset(at second: Int64) -> Int64 {
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].from <= second { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? first : changes[low - 1].offset
    }

    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let bytes = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
            count = max(0, Glibc.read(descriptor, buffer.baseAddress, buffer.count))
        }
        return bytes.starts(with: "TZif".utf8) ? bytes : nil
    }

    /// Reads the second part of a file, with 64 bits for each moment (RFC 8536).
    ///
    /// Debian's files hold the changes until 2037; from then on the last offset stays.
    private init?(name: String, file: [UInt8]) {
        func number(_ place: Int, _ size: Int) -> Int64? {
            guard place >= 0, place + size <= file.count else { return nil }
            let bits = file[place..<(place + size)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return size == 4 ? Int64(Int32(truncatingIfNeeded: bits)) : Int64(bitPattern: bits)
        }
        /// The six counts of a head: UT and standard marks, leap seconds, changes, kinds, letters.
        func counts(_ head: Int) -> [Int]? {
            let counts = (0..<6).compactMap { number(head + 20 + 4 * $0, 4).map(Int.init) }
            return counts.count == 6 && counts.allSatisfy { (0...10_000).contains($0) } ? counts : nil
        }
        guard let old = counts(0), file.count > 4, file[4] >= UInt8(ascii: "2") else { return nil }
        let head = 44 + old[3] * 5 + old[4] * 6 + old[5] + old[2] * 8 + old[1] + old[0]
        guard let new = counts(head), new[4] > 0 else { return nil }
        let times = head + 44
        let kinds = times + new[3] * 8
        let offsets = kinds + new[3]
        var changes: [(from: Int64, offset: Int64)] = []
        for place in 0..<new[3] {
            guard let from = number(times + 8 * place, 8), kinds + place < file.count,
                let offset = number(offsets + 6 * Int(file[kinds + place]), 4)
            else { return nil }
            changes.append((from, offset))
        }
        guard let first = number(offsets, 4) else { return nil }
        self.init(name: name, changes: changes, first: first)
    }
}
