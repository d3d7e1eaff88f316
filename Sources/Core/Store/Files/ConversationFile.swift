import Glibc

/// A conversation in its file, whose turns are read when they are wanted.
///
/// What is on the disk when it is opened is what it holds: later turns are not seen, and a removal takes nothing away.
package final class ConversationFile: Sendable {
    /// Where a turn stands.
    package struct Place: Sendable {
        package let id: String
        let offset: Int
        /// In bytes.
        package let size: Int
    }

    /// Everything but the turns.
    package let conversation: Conversation
    package let turns: [Place]
    private let file: File

    /// Finds the lines of the file at `path`; nil if there is none.
    init?(_ path: String) throws(StoreError) {
        guard let file = try File.reading(path) else { return nil }
        var lines = LineScan()
        try lines.scan(file)
        var others: [JSON] = []
        var turns: [Place] = []
        for line in lines.lines {
            if let id = Self.turnID(line.beginning) {
                turns.append(Place(id: id, offset: line.offset, size: line.size))
            } else if let object = ChecksummedLine.decode(try file.read(at: line.offset, count: line.size)[...]) {
                others.append(object)
                // A turn that another version wrote in another order.
                if object["type"]?.string == "turn", let turn = Turn(line: object) {
                    turns.append(Place(id: turn.id, offset: line.offset, size: line.size))
                }
            }
        }
        let head = others.filter { $0["type"]?.string != "turn" }
        guard let conversation = Conversation(lines: head) else { throw StoreError(.corrupt, "decode", path: path) }
        self.conversation = conversation
        self.turns = turns
        self.file = file
    }

    /// The turn at `place`; nil for a line that is spoilt.
    package func turn(at place: Place) throws(StoreError) -> Turn? {
        ChecksummedLine.decode(try file.read(at: place.offset, count: place.size)[...]).flatMap(Turn.init(line:))
    }

    /// The id of the turn whose line begins so, which is how ``Turn/line`` writes it; nil for other lines.
    private static func turnID(_ beginning: [UInt8]) -> String? {
        let checksum = #"{"crc":"00000000","#.utf8.count
        let mark = Array(#""type":"turn","id":""#.utf8)
        let rest = beginning.dropFirst(checksum)
        guard rest.starts(with: mark) else { return nil }
        let id = rest.dropFirst(mark.count).prefix { $0 != UInt8(ascii: "\"") }
        // A backslash would begin an escape, which ids of ours have none of.
        guard id.endIndex < beginning.endIndex, !id.contains(UInt8(ascii: "\\")) else { return nil }
        return String(decoding: id, as: UTF8.self)
    }
}

/// Finds the whole lines of a file without reading it into memory.
private struct LineScan {
    struct Line {
        var offset: Int
        var size = 0
        /// The first bytes, which tell what the line is.
        var beginning: [UInt8] = []
    }

    private static let beginning = 256
    private(set) var lines: [Line] = []

    mutating func scan(_ file: borrowing File) throws(StoreError) {
        let size = try file.size
        var line = Line(offset: 0)
        var position = 0
        while position < size {
            let block = try file.read(at: position, count: min(size - position, 256 << 10))
            guard !block.isEmpty else { return }
            var start = 0
            while let feed = Self.feed(in: block, from: start) {
                line.take(block[start..<feed], atMost: Self.beginning)
                lines.append(line)
                start = feed + 1
                line = Line(offset: position + start)
            }
            line.take(block[start...], atMost: Self.beginning)
            position += block.count
        }
    }

    private static func feed(in block: [UInt8], from start: Int) -> Int? {
        block.withUnsafeBytes { bytes in
            guard start < bytes.count, let base = bytes.baseAddress,
                let found = memchr(base + start, 0x0A, bytes.count - start)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }
}

extension LineScan.Line {
    fileprivate mutating func take(_ bytes: ArraySlice<UInt8>, atMost most: Int) {
        size += bytes.count
        if beginning.count < most { beginning += bytes.prefix(most - beginning.count) }
    }
}
