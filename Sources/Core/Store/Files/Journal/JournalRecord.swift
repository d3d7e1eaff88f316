import Glibc

/// What a journal keeps of one append: which bytes stand where in which file.
///
/// A line `J <generation> <stamp> <offset> <count> <crc> <path>`, numbers in hexadecimal of fixed width, followed by
/// the bytes. The CRC-32 is over all of it but itself.
struct JournalRecord: Equatable {
    /// Below the state directory.
    var path: String
    var offset: Int
    /// When the bytes were about to be written: microseconds since the system's start, the same for all processes.
    var stamp: Int
    var bytes: [UInt8]

    /// The present ``stamp``.
    static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
    }

    private static let start = Array("J ".utf8)
    private static let wide = 16
    private static let narrow = 8
    /// Of a line without its path: start, three wide and two narrow numbers, each with a space, and LF.
    private static let frame = 2 + 3 * (wide + 1) + 2 * (narrow + 1) + 1

    /// Its size in the journal, in bytes.
    var size: Int { Self.frame + path.utf8.count + bytes.count }

    func encode(to output: inout [UInt8], generation: Int) {
        let first = output.count
        output += Self.start
        for number in [generation, stamp, offset] { Self.write(number, Self.wide, to: &output) }
        Self.write(bytes.count, Self.narrow, to: &output)
        let place = output.count
        output += path.utf8
        output.append(0x0A)
        output += bytes
        var sum: [UInt8] = []
        Self.write(Int(CRC32.checksum(output[first...])), Self.narrow, to: &sum)
        output.insert(contentsOf: sum, at: place)
    }

    /// The whole records of one generation from the start of `half`, up to the first that is not whole or of another.
    static func read(_ half: [UInt8]) -> (generation: Int, records: [JournalRecord]) {
        var (generation, records): (Int?, [JournalRecord]) = (nil, [])
        var rest = half[...]
        while let (record, number, end) = decode(rest), generation ?? number == number {
            generation = number
            records.append(record)
            rest = rest[end...]
        }
        return (generation ?? 0, records)
    }

    private static func decode(_ input: ArraySlice<UInt8>) -> (JournalRecord, generation: Int, end: Int)? {
        guard input.count > frame, input.starts(with: start),
            let feed = input.prefix(frame + 4096).firstIndex(of: 0x0A)
        else { return nil }
        let fields = input[(input.startIndex + 2)..<feed].split(separator: 0x20, maxSplits: 5)
        guard fields.count == 6, fields[..<3].allSatisfy({ $0.count == wide }),
            fields[3..<5].allSatisfy({ $0.count == narrow })
        else { return nil }
        let numbers = fields[..<5].compactMap { Int(String(decoding: $0, as: UTF8.self), radix: 16) }
        guard numbers.count == 5, numbers.allSatisfy({ $0 >= 0 }), numbers[3] <= input.endIndex - feed - 1 else {
            return nil
        }
        let end = feed + 1 + numbers[3]
        // The sum is over everything but its own field, which ends where the path begins.
        let sum = CRC32.checksum(
            [input[input.startIndex..<fields[4].startIndex], input[fields[5].startIndex..<end]].joined())
        guard Int(sum) == numbers[4], let path = String(validating: fields[5], as: UTF8.self) else { return nil }
        let record = JournalRecord(
            path: path, offset: numbers[2], stamp: numbers[1], bytes: Array(input[(feed + 1)..<end]))
        return (record, numbers[0], end)
    }

    private static func write(_ number: Int, _ width: Int, to output: inout [UInt8]) {
        let digits = String(number, radix: 16).utf8
        output += repeatElement(UInt8(ascii: "0"), count: max(0, width - digits.count))
        output += digits
        output.append(0x20)
    }
}
